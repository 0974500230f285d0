import { z } from "zod";

/** A kind as Kubernetes spells it: built in, or that of a custom resource. */
export const kind = z.string().regex(/^[A-Z][A-Za-z0-9]{0,62}$/, "a kind such as Deployment");

/** `apps/v1`, `argoproj.io/v1alpha1`. */
export const apiVersion = z.string().regex(/^[a-z0-9.-]{1,253}(?:\/[a-z0-9]{1,63})?$/, "an API version");
