import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const root = resolve(import.meta.dirname, "..");
const conditions = ["@meridian/source"]; // run from src, never from dist
const project = (name: string, directory: string, include: string) => ({
  extends: true as const,
  root: `${root}/${directory}`,
  test: { name, include: [include] },
});

export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    passWithNoTests: true,
    projects: [
      ...readdirSync(`${root}/packages`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => project(name, `packages/${name}`, "test/**/*.test.ts")),
      project("repository", "test", "*.test.ts"),
    ],
  },
});
