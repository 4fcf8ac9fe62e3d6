/** ATT&CK for Enterprise: the tactics that Sigma tags name, and the techniques that the shipped rules name. */

const TACTICS: Readonly<Record<string, readonly [id: string, name: string]>> = {
  reconnaissance: ['TA0043', 'Reconnaissance'],
  'resource-development': ['TA0042', 'Resource Development'],
  'initial-access': ['TA0001', 'Initial Access'],
  execution: ['TA0002', 'Execution'],
  persistence: ['TA0003', 'Persistence'],
  'privilege-escalation': ['TA0004', 'Privilege Escalation'],
  'defense-evasion': ['TA0005', 'Defense Evasion'],
  'credential-access': ['TA0006', 'Credential Access'],
  discovery: ['TA0007', 'Discovery'],
  'lateral-movement': ['TA0008', 'Lateral Movement'],
  collection: ['TA0009', 'Collection'],
  'command-and-control': ['TA0011', 'Command and Control'],
  exfiltration: ['TA0010', 'Exfiltration'],
  impact: ['TA0040', 'Impact'],
};

const TECHNIQUES: Readonly<Record<string, string>> = {
  'T1036.005': 'Match Legitimate Resource Name or Location',
  T1040: 'Network Sniffing',
  T1046: 'Network Service Discovery',
  T1048: 'Exfiltration Over Alternative Protocol',
  'T1053.007': 'Container Orchestration Job',
  T1059: 'Command and Scripting Interpreter',
  'T1069.003': 'Cloud Groups',
  T1070: 'Indicator Removal',
  T1078: 'Valid Accounts',
  'T1078.001': 'Default Accounts',
  'T1090.003': 'Multi-hop Proxy',
  T1098: 'Account Manipulation',
  'T1098.006': 'Additional Container Cluster Roles',
  T1105: 'Ingress Tool Transfer',
  T1133: 'External Remote Services',
  T1134: 'Access Token Manipulation',
  T1136: 'Create Account',
  T1200: 'Hardware Additions',
  T1485: 'Data Destruction',
  T1489: 'Service Stop',
  T1496: 'Resource Hijacking',
  T1498: 'Network Denial of Service',
  T1525: 'Implant Internal Image',
  T1526: 'Cloud Service Discovery',
  T1528: 'Steal Application Access Token',
  T1530: 'Data from Cloud Storage',
  T1531: 'Account Access Removal',
  T1543: 'Create or Modify System Process',
  T1546: 'Event Triggered Execution',
  T1552: 'Unsecured Credentials',
  'T1552.001': 'Credentials In Files',
  'T1552.005': 'Cloud Instance Metadata API',
  'T1552.007': 'Container API',
  T1557: 'Adversary-in-the-Middle',
  T1562: 'Impair Defenses',
  'T1562.001': 'Disable or Modify Tools',
  'T1562.008': 'Disable or Modify Cloud Logs',
  T1565: 'Data Manipulation',
  'T1567.002': 'Exfiltration to Cloud Storage',
  T1572: 'Protocol Tunneling',
  T1578: 'Modify Cloud Compute Infrastructure',
  T1595: 'Active Scanning',
  T1609: 'Container Administration Command',
  T1610: 'Deploy Container',
  T1611: 'Escape to Host',
  T1613: 'Container and Resource Discovery',
};

interface Threat {
  readonly framework: 'MITRE ATT&CK';
  readonly tactic?: { readonly id: string[]; readonly name: string[] };
  readonly technique?: { readonly id: string[]; readonly name?: string[] };
}

/** ECS `threat` of a rule's `attack.*` tags; undefined if it has none that is known. */
export function threatOf(tags: readonly string[]): Threat | undefined {
  const names = tags
    .filter((tag) => tag.startsWith('attack.'))
    .map((tag) => tag.slice('attack.'.length).toLowerCase());
  const tactics = names.flatMap((name) => (Object.hasOwn(TACTICS, name) ? [TACTICS[name]!] : []));
  const techniques = names
    .filter((name) => /^t\d{4}(\.\d{3})?$/.test(name))
    .map((name) => name.toUpperCase());
  if (tactics.length === 0 && techniques.length === 0) return undefined;
  const known = techniques.every((id) => Object.hasOwn(TECHNIQUES, id));
  return {
    framework: 'MITRE ATT&CK',
    ...(tactics.length > 0
      ? { tactic: { id: tactics.map(([id]) => id), name: tactics.map(([, name]) => name) } }
      : {}),
    ...(techniques.length > 0
      ? { technique: { id: techniques, ...(known ? { name: techniques.map((id) => TECHNIQUES[id]!) } : {}) } }
      : {}),
  };
}
