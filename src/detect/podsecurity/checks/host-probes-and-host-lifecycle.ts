import type { Check, Finding } from '../check.ts';
import { type JsonObject, objectOf, stringOf } from '../json.ts';
import { containersPhrase, joinQuote, noted, pluralize, sorted } from '../message.ts';
import type { PodView } from '../pod-view.ts';

/**
 * Probes and lifecycle handlers may not name a host, as the kubelet would call it from the node's network
 * (k8s.io/pod-security-admission/policy, check_hostProbesAndhostLifecycle.go).
 */
export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  versions: [{ since: 34, check: v1_34 }],
};

function v1_34(pod: PodView): Finding | undefined {
  // The one check that sorts the containers and names each of them once.
  let containers: Set<string> | undefined;
  let hosts: Set<string> | undefined;
  for (const { name, spec } of pod.containers) {
    for (const host of hostsOf(spec)) {
      containers = noted(containers, name);
      hosts = noted(hosts, host);
    }
  }
  if (containers === undefined) return undefined;
  const names = sorted(containers);
  const values = sorted(hosts);
  const verb = pluralize('uses', 'use', names.length);
  const noun = pluralize('probe or lifecycle host', 'probe or lifecycle hosts', values.length);
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersPhrase(names)} ${verb} ${noun} ${joinQuote(values)}`,
  };
}

const NO_HOSTS: readonly string[] = [];

function hostsOf(container: JsonObject): readonly string[] {
  let hosts = handlerHosts(container.livenessProbe, NO_HOSTS);
  hosts = handlerHosts(container.readinessProbe, hosts);
  hosts = handlerHosts(container.startupProbe, hosts);
  const lifecycle = objectOf(container.lifecycle);
  if (lifecycle === undefined) return hosts;
  hosts = handlerHosts(lifecycle.postStart, hosts);
  return handlerHosts(lifecycle.preStop, hosts);
}

function handlerHosts(value: unknown, hosts: readonly string[]): readonly string[] {
  const handler = objectOf(value);
  if (handler === undefined) return hosts;
  const http = stringOf(objectOf(handler.httpGet)?.host);
  const tcp = stringOf(objectOf(handler.tcpSocket)?.host);
  if (http === '' && tcp === '') return hosts;
  return [...hosts, http, tcp].filter((host) => host !== '');
}
