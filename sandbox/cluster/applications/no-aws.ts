import type { ProcessFacts, Sdk } from "./application.ts";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function accessLine(process: ProcessFacts, path: string, agent: string): string {
  const iso = process.at.toISOString();
  const time = `${iso.slice(8, 10)}/${months[process.at.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  return `10.42.101.${2 + process.random.int(250)} - - [${time}] "GET ${path} HTTP/1.1" 200 ${400 + process.random.int(4000)} "-" "${agent}"`;
}

/** A web server that never speaks to AWS. */
export const noAws: Sdk = {
  userAgent: "",
  release: { present: "", beforePodIdentity: "", beforeIrsa: "" },
  stopsAt: [],
  proxiesAgent: false,
  sessionName: () => "",
  chain: [],
  remembersProvider: false,
  log: {
    started: () => [
      "/docker-entrypoint.sh: Configuration complete; ready for start up",
      "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok",
    ],
    noise: (process) => [
      accessLine(process, "/health", "kube-probe/1.30"),
      accessLine(process, "/home", "Mozilla/5.0 (X11; Linux x86_64)"),
    ],
    succeeded: () => [],
    denied: () => [],
    withoutCredentials: () => [],
  },
};
