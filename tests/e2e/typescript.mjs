// Compiles TypeScript as `tsc --strict` does, and tells the errors.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const OPTIONS = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  // Those of the clients are not ours to check, and take long.
  skipLibCheck: true,
  types: [],
};

/** Parsed once: most of the time goes into the libraries. */
const parsed = new Map();

/**
 * The errors of a program, each with its `code`, `line` and `text`. `modules` says in which files
 * the modules are that the program imports by these names; all others are packages.
 */
export function errorsOf(program, modules) {
  // In this folder, so that packages are found.
  const main = join(HERE, "program.ts");
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === main || fileExists(file);
  host.readFile = (file) => (file === main ? program : readFile(file));
  host.getSourceFile = (file, ...rest) => {
    if (file === main) return ts.createSourceFile(file, program, rest[0]);
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...rest));
    return parsed.get(file);
  };
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) =>
      modules[text] === undefined
        ? ts.resolveModuleName(text, from, OPTIONS, host)
        : { resolvedModule: { resolvedFileName: modules[text], extension: ts.Extension.Ts } },
    );
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([main], OPTIONS, host));
  return diagnostics.map(({ code, file, start, messageText }) => ({
    code,
    line: file && file.fileName === main ? file.getLineAndCharacterOfPosition(start).line + 1 : file?.fileName,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}
