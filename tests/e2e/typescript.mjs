// Compiles TypeScript as `tsc --strict` does, and tells the errors.

import { readFileSync } from "node:fs";
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
  return compiled(join(HERE, "program.ts"), program, modules, OPTIONS);
}

/** The same of a page's script, with another text or its own, as the `tsconfig.json` beside it says. */
export function errorsOfPage(file, program = readFileSync(file, "utf8")) {
  const config = ts.readConfigFile(join(dirname(file), "tsconfig.json"), ts.sys.readFile).config;
  const { options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file));
  return errors.length ? errors : compiled(file, program, {}, options);
}

function compiled(main, program, modules, options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === main || fileExists(file);
  host.readFile = (file) => (file === main ? program : readFile(file));
  host.getSourceFile = (file, ...rest) => {
    if (file === main) return ts.createSourceFile(file, program, rest[0], true);
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, ...rest));
    return parsed.get(file);
  };
  host.resolveModuleNameLiterals = (names, from) =>
    names.map(({ text }) =>
      modules[text] === undefined
        ? ts.resolveModuleName(text, from, options, host)
        : { resolvedModule: { resolvedFileName: modules[text], extension: ts.Extension[modules[text].endsWith(".d.ts") ? "Dts" : "Ts"] } },
    );
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([main], options, host));
  return diagnostics.map(({ code, file, start, messageText }) => ({
    code,
    line: file && file.fileName === main ? file.getLineAndCharacterOfPosition(start).line + 1 : file?.fileName,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}
