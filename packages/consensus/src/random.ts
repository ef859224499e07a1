/** Source of chance, injected so that a run can be repeated. Uniform in [0, 1). */
export type Random = () => number;
