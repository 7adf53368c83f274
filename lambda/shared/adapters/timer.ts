/** Waits between the attempts of a request. The tests replace `wait` to run on simulated time. */
export const timer = {
  wait: (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
