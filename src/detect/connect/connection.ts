import { listOf, member, stringOf, stringsOf } from '../decode/json.ts';
import { opensConnection, type Request } from '../decode/request.ts';
import { parametersOf, pathSegments } from '../decode/uri.ts';

/** What a request opens a connection for: exec, attach, port-forward, or a proxy to a pod, service or node. */
export interface Connection {
  /** The command's words; of a node's proxy what its kubelet is told to run. */
  readonly argv?: readonly string[];
  /** The words joined by spaces. */
  readonly command?: string;
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  /** Ports to forward, where the request names them: over SPDY they follow inside the connection. */
  readonly ports?: readonly number[];
  /** Of a proxy the path behind it, with a slash before it. */
  readonly path?: string;
  /** Of a proxy the port, a number or a name. */
  readonly port?: string;
}

/** The API server takes no longer address (Go's net/http, DefaultMaxHeaderBytes), and so no longer command. */
const CHARS_MAX = 1_048_576;
const WORDS_MAX = 10_000;
const PORTS_MAX = 100;

/** Where Google's audit log says the command of an exec, its words joined; query and body it leaves out. */
const COMMAND_LABEL = 'command.gke.io/command';

/**
 * Reads what a connection is for from the request's address, where the API server takes it from whatever the verb (`get` over
 * WebSocket, `create` over SPDY); from the options in the body where the address does not say, as in an admission review; from an
 * annotation where neither does.
 * @returns undefined if the request opens no connection
 */
export function connectionOf(request: Request): Connection | undefined {
  if (!opensConnection(request)) return undefined;
  const { resource, subresource } = request.ref;
  const options = new Options(request);
  if (subresource === 'portforward') {
    const ports = options.numbers('ports');
    return ports.length > 0 ? { ports } : {};
  }
  if (subresource === 'proxy') {
    const { name, path } = proxied(request);
    // The kubelet runs `cmd` of /run and `command` of /exec (k8s.io/kubernetes/pkg/kubelet/server).
    const told = resource === 'nodes' ? [...options.texts('command'), ...options.texts('cmd')] : [];
    return { ...commandOf(told), path, ...portOf(name) };
  }
  const container = options.texts('container')[0];
  const argv = options.texts('command');
  return {
    ...commandOf(argv.length > 0 ? argv : stringsOf([request.annotation(COMMAND_LABEL)])),
    ...(container ? { container } : {}),
    stdin: options.truth('stdin'),
    tty: options.truth('tty'),
  };
}

function commandOf(argv: readonly string[]): Pick<Connection, 'argv' | 'command'> {
  return argv.length === 0 ? {} : { argv, command: argv.join(' ').slice(0, CHARS_MAX) };
}

/** Options of a connection: query parameters named as the fields of PodExecOptions and its like (core/v1), or such an object. */
class Options {
  readonly #query: URLSearchParams;
  readonly #request: Request;

  constructor(request: Request) {
    this.#query = parametersOf((request.uri ?? '').slice(0, CHARS_MAX));
    this.#request = request;
  }

  #inBody(name: string): unknown {
    return member(this.#request.requestObject, name);
  }

  texts(name: string): readonly string[] {
    const given = this.#query.getAll(name);
    if (given.length > 0) return given.slice(0, WORDS_MAX);
    const value = this.#inBody(name);
    return stringsOf(typeof value === 'string' ? [value] : value, WORDS_MAX);
  }

  numbers(name: string): readonly number[] {
    const given = this.#query.getAll(name).flatMap((text) => text.split(','));
    const numbers = given.length > 0 ? given.map(Number) : listOf(this.#inBody(name));
    return numbers
      .filter((number) => typeof number === 'number' && number > 0)
      .slice(0, PORTS_MAX) as number[];
  }

  /** A parameter that is there is true unless it says `false` or `0` (k8s.io/apimachinery/pkg/runtime, conversion.go). */
  truth(name: string): boolean {
    const given = this.#query.get(name);
    if (given === null) return this.#inBody(name) === true;
    return given !== '0' && given.toLowerCase() !== 'false';
  }
}

/** What a proxy leads to: the name as it stands in the address, maybe with scheme and port, and the path behind. */
function proxied(request: Request): { name: string; path: string } {
  const { ref, uri } = request;
  if (uri === undefined) {
    const path = stringOf(member(request.requestObject, 'path')) ?? '/';
    return { name: ref.name, path: path.slice(0, CHARS_MAX) };
  }
  const segments = pathSegments(uri.slice(0, CHARS_MAX));
  const proxy = segments.findIndex(
    (segment, index) => segment === 'proxy' && segments[index - 2] === ref.resource,
  );
  const behind = proxy < 0 ? [] : segments.slice(proxy + 1);
  return { name: segments[proxy - 1] ?? ref.name, path: `/${behind.join('/')}` };
}

/** The port of `name:port` or `scheme:name:port` (k8s.io/apimachinery/pkg/util/net, port_split.go). */
function portOf(name: string): Pick<Connection, 'port'> {
  const port = name.split(':').slice(1).at(-1);
  return port ? { port } : {};
}
