export const complete = async (): Promise<number> => 0
