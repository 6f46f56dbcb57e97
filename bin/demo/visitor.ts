import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

/** The front door of the service, as its users reach it. */
export interface FrontDoor {
  readonly address: string
  readonly name: string
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
}

/** One request through the front door; a form is sent with POST. Rejects when the answer is cut off. */
export function visit(
  door: FrontDoor,
  path: string,
  form?: URLSearchParams,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: door.address,
        servername: door.name,
        path,
        method: form === undefined ? 'GET' : 'POST',
        agent: new Agent({ ca: door.ca }),
        headers: {
          host: door.name,
          accept: 'application/json',
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
      },
      answer => {
        text(answer).then(body => resolve({ status: answer.statusCode ?? 0, body }), reject)
      },
    )
    call.on('error', reject)
    call.end(form?.toString())
  })
}

/** Signs one user up and returns their id. Throws with the answer when it is not the one for success. */
export async function signUp(door: FrontDoor, email: string): Promise<string> {
  const { status, body } = await visit(door, '/signup', new URLSearchParams({ email }))
  const id = /"id":\s*"([0-9a-f]{24})"/.exec(body)?.[1]
  if (id === undefined) throw new Error(`sign-up answered ${status}: ${body.slice(0, 200)}`)
  return id
}
