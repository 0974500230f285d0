# syntax=docker/dockerfile:1
# One image for the three roles: docker run … eksiam start --role bot|investigator|executor
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Production packages alone: no compiler, no browser driver, no local Slack.
RUN npm install --no-save --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY jobs ./jobs
USER 10001:10001
ENTRYPOINT ["node", "src/main/cli.ts"]
CMD ["start"]
