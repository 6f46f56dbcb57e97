import { styleText } from 'node:util'

export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'

/** Text in a colour, or as it is. */
export const paint = (style: Style, text: string, colour: boolean): string =>
  colour ? styleText(style, text) : text
