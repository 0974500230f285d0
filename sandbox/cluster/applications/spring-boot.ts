import type { ProcessFacts } from "./application.ts";
import { title } from "./services.ts";

const banner = [
  "",
  "  .   ____          _            __ _ _",
  " /\\\\ / ___'_ __ _ _(_)_ __  __ _ \\ \\ \\ \\",
  "( ( )\\___ | '_ | '_| | '_ \\/ _` | \\ \\ \\ \\",
  " \\\\/  ___)| |_)| | | | | || (_| |  ) ) ) )",
  "  '  |____| .__|_| |_|_| |_\\__, | / / / /",
  " =========|_|==============|___/=/_/_/_/",
  " :: Spring Boot ::                (v3.2.4)",
  "",
];

/** One line in Spring Boot's own pattern. */
function springLine(
  process: ProcessFacts,
  level: string,
  thread: string,
  logger: string,
  message: string,
): string {
  const time = process.at.toISOString();
  return `${time} ${level.padStart(5)} 1 --- [${thread.slice(-15).padStart(15)}] ${logger.slice(-40).padEnd(40)} : ${message}`;
}

function requestThread(process: ProcessFacts): string {
  return `nio-8080-exec-${1 + process.random.int(10)}`;
}

export function springStart(process: ProcessFacts): readonly string[] {
  const { name } = process.application;
  const main = (logger: string, message: string) => springLine(process, "INFO", "main", logger, message);
  const starter = `c.example.${name}.${title(name)}Application`;
  return [
    ...banner,
    main(
      starter,
      `Starting ${title(name)}Application v1.2.1 using Java 17.0.10 with PID 1 (/app/app.jar started by appuser in /app)`,
    ),
    main(starter, 'The following 1 profile is active: "prod"'),
    main("o.s.b.w.embedded.tomcat.TomcatWebServer", "Tomcat initialized with port 8080 (http)"),
    main("o.apache.catalina.core.StandardService", "Starting service [Tomcat]"),
    main("o.apache.catalina.core.StandardEngine", "Starting Servlet engine: [Apache Tomcat/10.1.19]"),
    main("o.a.c.c.C.[Tomcat].[localhost].[/]", "Initializing Spring embedded WebApplicationContext"),
    main("o.s.b.a.e.web.EndpointLinksResolver", "Exposing 4 endpoint(s) beneath base path '/actuator'"),
    main(
      "o.s.b.w.embedded.tomcat.TomcatWebServer",
      "Tomcat started on port 8080 (http) with context path ''",
    ),
    main(
      starter,
      `Started ${title(name)}Application in ${(6 + process.random.next() * 4).toFixed(3)} seconds (process running for 11.2)`,
    ),
  ];
}

export function springNoise(process: ProcessFacts): readonly string[] {
  const { name } = process.application;
  return [
    springLine(
      process,
      "INFO",
      requestThread(process),
      `c.e.${name}.web.AccessLog`,
      "GET /actuator/health/liveness 200 2ms",
    ),
    springLine(
      process,
      "INFO",
      requestThread(process),
      `c.e.${name}.web.AccessLog`,
      `GET /${name}/${process.random.uuid()} from 10.42.${100 + process.random.int(60)}.${process.random.int(250)}`,
    ),
  ];
}

/** The frames below a controller that are the same in every Spring MVC application on Tomcat. */
const springFrames: readonly string[] = [
  "\tat java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method) ~[na:na]",
  "\tat java.base/java.lang.reflect.Method.invoke(Method.java:568) ~[na:na]",
  "\tat org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:255) ~[spring-web-6.1.5.jar!/:6.1.5]",
  "\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089) ~[spring-webmvc-6.1.5.jar!/:6.1.5]",
  "\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885) ~[spring-webmvc-6.1.5.jar!/:6.1.5]",
  "\tat org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:140) ~[tomcat-embed-core-10.1.19.jar!/:na]",
  "\tat org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:391) ~[tomcat-embed-core-10.1.19.jar!/:na]",
  "\tat org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:63) ~[tomcat-embed-core-10.1.19.jar!/:na]",
  "\tat java.base/java.lang.Thread.run(Thread.java:840) ~[na:na]",
];

/** What Tomcat logs when a request ends in an exception: the line, the root cause, and its frames. */
export function failedRequest(
  process: ProcessFacts,
  exception: string,
  message: string,
  frames: readonly string[],
): readonly string[] {
  return [
    springLine(
      process,
      "ERROR",
      requestThread(process),
      "o.a.c.c.C.[.[.[.[dispatcherServlet]",
      `Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception [Request processing failed: ${exception}: ${message}] with root cause`,
    ),
    "",
    `${exception}: ${message}`,
    ...frames,
    ...springFrames,
    "",
  ];
}
