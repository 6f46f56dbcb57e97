/** One of the two places that a service has on each host: one serves, the other waits or is being prepared. */
export type Slot = 'blue' | 'green'

export const SLOTS: readonly Slot[] = ['blue', 'green']

/** The slot beside this one. */
export const otherSlot = (slot: Slot): Slot => (slot === 'blue' ? 'green' : 'blue')
