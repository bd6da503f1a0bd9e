import { KeyObject, X509Certificate, webcrypto } from "node:crypto";
import { join } from "node:path";
import type * as X509 from "@peculiar/x509";
import { keptPrivately } from "./private-file.ts";

/** The keys of a cluster: its own authority, the server's and the administrator's certificates. All PEM. */
export interface Pki {
  ca: string;
  serverKey: string;
  serverCertificate: string;
  adminKey: string;
  adminCertificate: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 3650;

/** Reads the cluster's keys from its data dir, or makes them (and keeps them there, mode 0600). */
export async function loadPki(dataDir: string | undefined, now: Date): Promise<Pki> {
  const make = async () => JSON.stringify(await createPki(now));
  return keptPrivately(dataDir && join(dataDir, "pki.json"), (text) => readPki(text, now), make);
}

/** Undefined for what is damaged or about to expire: new keys serve as well, since the kubeconfig is rewritten too. */
function readPki(text: string, now: Date): Pki | undefined {
  try {
    const pki = JSON.parse(text) as Pki;
    const expires = new X509Certificate(pki.serverCertificate).validTo;
    return Date.parse(expires) - now.getTime() > DAY_MS ? pki : undefined;
  } catch {
    return undefined;
  }
}

async function createPki(now: Date): Promise<Pki> {
  // Loaded here, since a cluster that has its keys does without.
  const x509 = await import("../runtime/x509-library.ts");
  const generate = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const [ca, server, admin] = await Promise.all([generate(), generate(), generate()]);
  const validity = {
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + VALID_DAYS * DAY_MS),
  };
  const issuer = "CN=agent-operator-devcluster-ca";
  const caCertificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: issuer,
    ...validity,
    signingAlgorithm: ALGORITHM,
    keys: ca,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const sign = (subject: string, publicKey: webcrypto.CryptoKey, extensions: X509.Extension[]) =>
    x509.X509CertificateGenerator.create({
      subject,
      issuer,
      ...validity,
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: ca.privateKey,
      extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...extensions],
    });
  const [serverCertificate, adminCertificate] = await Promise.all([
    sign("CN=kube-apiserver", server.publicKey, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(serverNames),
    ]),
    sign("O=system:masters,CN=kubernetes-admin", admin.publicKey, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ]),
  ]);
  return {
    ca: caCertificate.toString("pem"),
    serverKey: exportKey(server.privateKey),
    serverCertificate: serverCertificate.toString("pem"),
    adminKey: exportKey(admin.privateKey),
    adminCertificate: adminCertificate.toString("pem"),
  };
}

const serverNames: X509.JsonGeneralNames = [
  { type: "dns", value: "localhost" },
  { type: "dns", value: "kubernetes" },
  { type: "dns", value: "kubernetes.default" },
  { type: "dns", value: "kubernetes.default.svc" },
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
];

function exportKey(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: "pkcs8", format: "pem" }).toString();
}
