import type { EngineName } from '../fleet/container-model.ts'
import { sh, type Command } from '../shell/sh.ts'
import { RECEIVED, spoolScript, type Opening } from './receive-script.ts'
import { SPOOL } from './spool.ts'

/**
 * Makes one piece of a whole image that a host has, and lets others fetch it until stdin ends. It says
 * `fleet: piece <digest> <bytes> <unpacked> <tag>`, then `fleet: held <1 when it can be fetched>`.
 */
export const giveScript = (service: string, engine: EngineName, image: string, opening: Opening): Command =>
  sh`${spoolScript(service, opening)}
keep=
sweep
# With its tag, which a load brings along: an image without one is the first that a prune takes.
tag=$(${engine} image inspect --format '{{range .RepoTags}}{{println .}}{{end}}' ${image} | head -n 1); tag=\${tag:-${image}}
unpacked=$(${engine} image inspect --format '{{.Size}}' ${image}) || exit 1
{ ${engine} save "$tag" || echo failed >&2; } 2>"$spool/said" | gzip -1n >saved || fail ${RECEIVED.full} "$(cat said)"
said=$(cat said; rm -f said); [ -z "$said" ] || fail ${RECEIVED.full} "$said"
piece=$(sha256sum <saved | cut -c1-64); mv saved "$piece"
echo "fleet: piece $piece $(stat -c %s "$piece") $unpacked $tag"
tried=1; share "$piece" && opened=1
echo "fleet: held \${opened:-0}"
cat >/dev/null`

/** The bytes of a piece that a host gives. */
export const readPiece = (service: string, digest: string): Command =>
  sh`cat ${`${SPOOL}/${service}/${digest}`}`
