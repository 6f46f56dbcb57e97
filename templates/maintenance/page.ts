import { text } from '../../lib/index.ts'

/** What users see during maintenance of a service that brings no page of its own. */
export const maintenancePage = (): string => text`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Back soon</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem }
</style>
<h1>Back soon</h1>
<p>We are working on this site. Please try again in a few minutes.</p>
</html>
`
