import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The Arabic-script font is asked for together with the script, not after the style sheet has been read. */
function preloadFont(): Plugin {
  return {
    name: 'preload-font',
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const font = Object.keys(context.bundle ?? {}).find((name) => /vazirmatn-arabic.*\.woff2$/.test(name))
        if (font === undefined) return []
        const attrs = { rel: 'preload', href: `/${font}`, as: 'font', type: 'font/woff2', crossorigin: true }
        return [{ tag: 'link', attrs, injectTo: 'head' }]
      },
    },
  }
}

export default defineConfig(async () => ({
  root: here('.'),
  resolve: { conditions: ['daftar-source', ...defaultClientConditions] },
  plugins: [
    react(),
    preloadFont(),
    ...(process.env['FAKE_API'] === undefined ? [] : [(await import('./dev/fake-api.ts')).fakeApi()]),
  ],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 20 },
            {
              name: 'tanstack',
              test: /node_modules[\\/]@tanstack[\\/](router|react-router|query|react-query|store|react-store|history)/,
              priority: 10,
            },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/api', '/hooks'].map((path) => [path, { target: 'http://127.0.0.1:8080' }])),
  },
}))
