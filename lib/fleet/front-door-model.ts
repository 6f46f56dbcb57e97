/** The program in front of a service. */
export type ProxyKind = 'haproxy' | 'nginx' | 'trafficserver'

/** The proxies in front of a service: what users reach it through. */
export interface FrontDoor<RoleName extends string = string, SecretName extends string = string> {
  readonly role: RoleName
  /** The same for all services behind one role; `haproxy` unless told. */
  readonly kind?: ProxyKind
  /** The names that the proxy answers for; the first is the one in its certificate's subject. */
  readonly names: readonly string[]
  /**
   * The secret that holds key, certificate and chain as PEM, for all names of the proxy. Left out in a lab, which has an
   * authority of its own.
   */
  readonly certificate?: SecretName
  /** The page that `fleet maintenance on` shows, relative to the fleet file; a plain one unless told. */
  readonly maintenance?: string
  /** Answers are kept by the proxy, and given again; none are unless told. Only `trafficserver` can. */
  readonly cache?: CacheSpec
}

/**
 * What a proxy keeps: answers that say themselves for how long (`Cache-Control: max-age`, `Expires`), are no errors and set
 * no cookie. A flip, and a rollback too, forgets all that was kept of the service, and nothing of others.
 */
export interface CacheSpec {
  /**
   * Paths whose answers outlive a flip, by what they begin with: `/static/` of files that are named after a hash of their
   * content.
   */
  readonly keep?: readonly string[]
}

/** Steady traffic through the front door during every swap and rollback. */
export interface ProbeSpec {
  /** The service's `health` unless told. Requests must do no harm. */
  readonly path?: string
  /** 10 unless told. */
  readonly perSecond?: number
  readonly headers?: Readonly<Record<string, string>>
  /** As many requests may fail before all hosts are flipped back; none unless told. */
  readonly maxErrors?: number
  /** After as many seconds a request has failed; 10 unless told. */
  readonly timeoutSeconds?: number
}
