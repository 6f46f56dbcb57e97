import { Agent, request } from 'node:https'

/** The front door of the service, as its users reach it. */
export interface FrontDoor {
  readonly address: string
  readonly name: string
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
}

/** Signs one user up and returns their id. Throws with the answer when it is not the one for success. */
export function signUp(door: FrontDoor, email: string): Promise<string> {
  const body = new URLSearchParams({ email }).toString()
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: door.address,
        servername: door.name,
        path: '/signup',
        method: 'POST',
        agent: new Agent({ ca: door.ca, servername: door.name }),
        headers: {
          host: door.name,
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        },
      },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const id = /"id":\s*"([0-9a-f]{24})"/.exec(text)?.[1]
          if (id === undefined)
            reject(new Error(`sign-up answered ${answer.statusCode}: ${text.slice(0, 200)}`))
          else resolve(id)
        })
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}
