import { dirname } from 'node:path';

/**
 * Changes the Nest CLI's defaults: one file per program, and the class fields of tsconfig.json. The CLI passes in its
 * defaults and merges the result over them.
 * @param {import('@rspack/core').Configuration} defaults
 * @returns {import('@rspack/core').Configuration}
 */
export default function configure(defaults) {
  return {
    ...defaults,
    output: {
      ...defaults.output,
      // In the folder of the bundle, which the next build replaces.
      assetModuleFilename: `${dirname(defaults.output.filename)}/[name][ext]`,
    },
    // Of package.json only the version ends up in the bundle.
    optimization: { ...defaults.optimization, usedExports: true },
    module: {
      ...defaults.module,
      parser: {
        javascript: {
          // A dynamic import must not become a second file, which a rebuild would remove from a running service.
          dynamicImportMode: 'eager',
          // Packages are resolved from the location of the bundle, not of its sources.
          importMeta: false,
        },
      },
      rules: [
        {
          test: /\.ts$/,
          exclude: /node_modules/,
          type: 'javascript/esm',
          loader: 'builtin:swc-loader',
          options: {
            jsc: {
              target: 'es2022',
              parser: { syntax: 'typescript', decorators: true },
              // The builder does not read tsconfig.json. A field without a value must not be set to undefined: an entity
              // would write NULL instead of the column's default.
              transform: {
                legacyDecorator: true,
                decoratorMetadata: true,
                useDefineForClassFields: false,
              },
            },
          },
        },
      ],
    },
  };
}
