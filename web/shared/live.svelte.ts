import { api } from './api';
import type { CaseNews } from './types';

const ADDRESS = '/_frankly/v1/console/events';
const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 30_000;

type Listener = (news: CaseNews | null) => void;

/** The stream of case news. `null` to a listener means: something was missed, load again. */
class Live {
  connected = $state(false);
  private source: EventSource | null = null;
  private listeners = new Set<Listener>();
  private retry_ms = RETRY_FIRST_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lost = false;

  open(): void {
    this.close();
    const source = new EventSource(ADDRESS);
    this.source = source;
    source.onopen = () => {
      this.connected = true;
      this.retry_ms = RETRY_FIRST_MS;
      if (this.lost) this.tell(null);
      this.lost = false;
    };
    source.addEventListener('case', (event) => this.tell(JSON.parse(event.data) as CaseNews));
    source.addEventListener('reload', () => this.tell(null));
    source.onerror = () => this.reopen();
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.connected = false;
  }

  /** Returns the function that stops listening. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(news: CaseNews | null): void {
    for (const listener of this.listeners) listener(news);
  }

  /** The browser hides why a stream ended; asking for anything finds an ended session. */
  private reopen(): void {
    this.close();
    this.lost = true;
    this.timer = setTimeout(async () => {
      const ended = await api.overview().then(
        () => false,
        (error: unknown) => error instanceof Error && 'status' in error && error.status === 401,
      );
      if (!ended) this.open();
    }, this.retry_ms);
    this.retry_ms = Math.min(this.retry_ms * 2, RETRY_MOST_MS);
  }
}

export const live = new Live();
