import type { Manifest } from '../../lib/release/manifest.ts'

/** The manifest of a release that was never built. */
export const testManifest = (more: Partial<Manifest> = {}): Manifest => ({
  service: 'web',
  release: '0123456789ab',
  label: 'v1',
  config: '01234567',
  image: `sha256:${'a'.repeat(64)}`,
  port: 8000,
  stopSeconds: 30,
  created: '2026-11-22T12:00:00.000Z',
  ...more,
})
