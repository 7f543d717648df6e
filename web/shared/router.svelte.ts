/** The console's addresses: `#/queue`, `#/case/17`, `#/access`, `#/webhooks`. */
export type Route =
  | { page: 'queue' }
  | { page: 'case'; id: string }
  | { page: 'access' }
  | { page: 'webhooks' }
  | { page: 'missing' };

export function parse(hash: string): Route {
  const [page = '', id, ...rest] = hash.replace(/^#?\/?/, '').split('/');
  if (rest.length > 0) return { page: 'missing' };
  if (page === 'case' && id) return { page: 'case', id: decode(id) };
  if (id !== undefined) return { page: 'missing' };
  switch (page) {
    case '':
    case 'queue':
      return { page: 'queue' };
    case 'access':
      return { page: 'access' };
    case 'webhooks':
      return { page: 'webhooks' };
    default:
      return { page: 'missing' };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function href(route: Route): string {
  if (route.page === 'case') return `#/case/${encodeURIComponent(route.id)}`;
  return `#/${route.page === 'missing' ? 'queue' : route.page}`;
}

class Router {
  route = $state<Route>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parse(location.hash);
    });
  }

  go(route: Route): void {
    location.hash = href(route);
  }
}

export const router = new Router();
