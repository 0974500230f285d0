import { z } from "zod";
import type { EventSelector } from "../../../core/facts/trail.ts";

const values = z.array(z.string()).nullish();
const fieldSchema = z.object({
  Field: z.string(),
  Equals: values,
  StartsWith: values,
  EndsWith: values,
  NotEquals: values,
  NotStartsWith: values,
  NotEndsWith: values,
});

/** What GetEventDataStore and GetEventSelectors answer of what is recorded: advanced rules, or a trail's basic ones. */
export const selectorsSchema = z.object({
  AdvancedEventSelectors: z.array(z.object({ FieldSelectors: z.array(fieldSchema) })).nullish(),
  EventSelectors: z
    .array(
      z.object({
        ReadWriteType: z.string().nullish(),
        IncludeManagementEvents: z.boolean().nullish(),
        DataResources: z.array(z.object({ Type: z.string(), Values: values })).nullish(),
        ExcludeManagementEventSources: values,
      }),
    )
    .nullish(),
});

type Conditions = EventSelector["conditions"];
type Answer = z.output<typeof selectorsSchema>;

/** Basic rules in the terms of advanced ones: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html */
export function selectorsOf({ AdvancedEventSelectors, EventSelectors }: Answer): readonly EventSelector[] {
  const advanced = (AdvancedEventSelectors ?? []).map(({ FieldSelectors }) => ({
    conditions: FieldSelectors.flatMap(conditionsOf),
  }));
  return [...advanced, ...(EventSelectors ?? []).flatMap(basicOf)];
}

function conditionsOf(field: z.output<typeof fieldSchema>): Conditions {
  const operators = [
    ["equals", field.Equals],
    ["startsWith", field.StartsWith],
    ["endsWith", field.EndsWith],
    ["notEquals", field.NotEquals],
    ["notStartsWith", field.NotStartsWith],
    ["notEndsWith", field.NotEndsWith],
  ] as const;
  return operators.flatMap(([operator, of]) =>
    of == null || of.length === 0 ? [] : [{ field: field.Field, operator, values: of }],
  );
}

function basicOf(selector: NonNullable<Answer["EventSelectors"]>[number]): readonly EventSelector[] {
  const { ReadWriteType, IncludeManagementEvents, DataResources, ExcludeManagementEventSources } = selector;
  const kind: Conditions =
    ReadWriteType === "ReadOnly" || ReadWriteType === "WriteOnly"
      ? [{ field: "readOnly", operator: "equals", values: [String(ReadWriteType === "ReadOnly")] }]
      : [];
  const excluded = ExcludeManagementEventSources ?? [];
  const management: Conditions = [
    { field: "eventCategory", operator: "equals", values: ["Management"] },
    ...(excluded.length === 0
      ? []
      : [{ field: "eventSource", operator: "notEquals" as const, values: excluded }]),
    ...kind,
  ];
  const data = (DataResources ?? []).map(
    ({ Type, Values }): EventSelector => ({
      conditions: [
        { field: "eventCategory", operator: "equals", values: ["Data"] },
        { field: "resources.type", operator: "equals", values: [Type] },
        // `arn:aws:s3` stands for all of them, `arn:aws:s3:::bucket/` for what is in one.
        { field: "resources.ARN", operator: "startsWith", values: Values ?? [] },
        ...kind,
      ],
    }),
  );
  return [...(IncludeManagementEvents === false ? [] : [{ conditions: management }]), ...data];
}
