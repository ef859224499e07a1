/** Does everything as `target` does, but for some methods. Calls reach the target itself. */
export function standIn<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(of, key) {
      const own: unknown = Reflect.get(methods, key, methods);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(of, key, of);
      return typeof value === "function" ? (value.bind(of) as unknown) : value;
    },
  });
}
