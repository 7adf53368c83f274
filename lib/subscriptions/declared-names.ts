/** The subscriptions that constructs of an app declare. */
export class DeclaredNames {
  /** Path of the declaring construct by name. */
  private readonly paths = new Map<string, string>();

  /** @throws Error if another construct of the app declares a subscription with that name. */
  add(name: string, path: string): void {
    const other = this.paths.get(name);
    if (other !== undefined) {
      throw new Error(`subscription "${name}" is also declared by ${other}: give one of them another subscriptionName`);
    }
    this.paths.set(name, path);
  }
}
