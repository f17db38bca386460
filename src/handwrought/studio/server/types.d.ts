// What a view is given by app.js, and what it gives back.

interface Connection {
  readonly open: boolean;
  /** Says whether it went out. */
  send(data: object | string): boolean;
  close(): void;
}

interface App {
  /** What the address holds after the view's name. */
  params: URLSearchParams;
  get(path: string): Promise<any>;
  post(path: string, body?: object): Promise<any>;
  socket(
    path: string,
    onMessage: (message: any) => void,
    options?: { onOpen?: () => void },
  ): Connection;
  setParams(values: Record<string, any>): void;
  toast(text: string): void;
  announce(text: string): void;
}

interface Closing {
  close(): void;
}

interface View {
  title: string;
  /** Fills the root; returns what ends it again. */
  mount(root: HTMLElement, app: App): () => void;
}
