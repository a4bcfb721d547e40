/** What the service holds, as its HTTP answer shows it. */
export interface ServiceState {
  readonly title: string;
  readonly accent: string;
  readonly greeting: string;
  readonly buttons: { readonly less: string; readonly more: string };
  /** Texts of src/counter.html, src/app.css and assets/logo.svg. */
  readonly template: string;
  readonly style: string;
  readonly logo: string;
}
