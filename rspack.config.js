import { dirname } from 'node:path';

/**
 * What the Nest CLI's defaults lack: one file per application, and the class-field semantics that tsconfig.json states.
 * The CLI hands in its defaults and merges what is returned over them.
 * @param {import('@rspack/core').Configuration} defaults
 * @returns {import('@rspack/core').Configuration}
 */
export default function configure(defaults) {
  return {
    ...defaults,
    output: {
      ...defaults.output,
      // Beside the bundle, where the next build removes them with it.
      assetModuleFilename: `${dirname(defaults.output.filename)}/[name][ext]`,
    },
    // Of package.json only the version ends up in the bundle.
    optimization: { ...defaults.optimization, usedExports: true },
    module: {
      ...defaults.module,
      parser: {
        javascript: {
          // A dynamic import must not become a second file that a running service would miss after a rebuild.
          dynamicImportMode: 'eager',
          // Packages are found from where the bundle lies, not from where it was built.
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
              // The builder reads no tsconfig.json. Fields without a value must not be defined as undefined: an entity
              // would then write NULL where the column has a default.
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
