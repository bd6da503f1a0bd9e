import { webcrypto, X509Certificate } from "node:crypto";
import type { JsonGeneralNames } from "@peculiar/x509";

/** An authority and the certificate that it signed for the webhook server. All PEM. */
export interface ServingKeys {
  /** The authority that signs, first; then one that it replaces, as long as callers may need it. */
  authorities: readonly string[];
  authorityKey: string;
  certificate: string;
  key: string;
}

export interface CertificateLifetimes {
  servingMs: number;
  authorityMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_LIFETIMES: CertificateLifetimes = { servingMs: 90 * DAY_MS, authorityMs: 3650 * DAY_MS };

/** Clocks of nodes differ. */
const SKEW_MS = 60 * 60 * 1000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export interface Renewal {
  keys: ServingKeys;
  /** Whether something is new and has to be stored. */
  changed: boolean;
  /** Milliseconds until the next renewal is due. */
  dueInMs: number;
}

/**
 * The keys as they should be at `now` (milliseconds since the epoch). The certificate is replaced in the
 * last third of its life, under the same authority, so that nobody who calls notices. The authority is
 * replaced while two certificates' lives are left of it: callers first get to know the new one beside the
 * old one, and only the next certificate is signed by it. Keys that are missing, unreadable, expired or
 * for other names are replaced altogether.
 */
export async function renewServingKeys(
  current: ServingKeys | undefined,
  dnsNames: readonly string[],
  now: number,
  lifetimes: CertificateLifetimes = DEFAULT_LIFETIMES,
): Promise<Renewal> {
  const usable = current !== undefined && isUsable(current, dnsNames, now) ? current : undefined;
  const keys =
    usable === undefined
      ? await createKeys(dnsNames, now, lifetimes)
      : await renew(usable, dnsNames, now, lifetimes);
  return { keys, changed: keys !== current, dueInMs: Math.max(0, dueAt(keys, lifetimes) - now) };
}

async function renew(
  keys: ServingKeys,
  dnsNames: readonly string[],
  now: number,
  lifetimes: CertificateLifetimes,
): Promise<ServingKeys> {
  const [signing = ""] = keys.authorities;
  if (now >= authorityDueAt(signing, lifetimes)) {
    const authority = await createAuthority(now, lifetimes);
    return {
      ...keys,
      authorities: [authority.certificate, ...keys.authorities].slice(0, 2),
      authorityKey: authority.key,
    };
  }
  if (now < servingDueAt(keys.certificate, lifetimes)) return keys;
  const authority = { certificate: signing, key: keys.authorityKey };
  return { ...keys, ...(await createCertificate(authority, dnsNames, now, lifetimes)) };
}

function dueAt({ authorities, certificate }: ServingKeys, lifetimes: CertificateLifetimes): number {
  const [signing = ""] = authorities;
  return Math.min(authorityDueAt(signing, lifetimes), servingDueAt(certificate, lifetimes));
}

function authorityDueAt(certificate: string, { servingMs }: CertificateLifetimes): number {
  return expiryOf(certificate) - 2 * servingMs;
}

function servingDueAt(certificate: string, { servingMs }: CertificateLifetimes): number {
  return expiryOf(certificate) - servingMs / 3;
}

function expiryOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

function isUsable(
  { authorities, authorityKey, certificate }: ServingKeys,
  dnsNames: readonly string[],
  now: number,
): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const [signing = ""] = authorities;
    return (
      authorityKey !== "" &&
      parsed.validToDate.getTime() > now &&
      expiryOf(signing) > now &&
      authorities.some((each) => expiryOf(each) > now && isSignedBy(parsed, each)) &&
      dnsNames.every((name) => parsed.checkHost(name) !== undefined)
    );
  } catch {
    return false;
  }
}

function isSignedBy(certificate: X509Certificate, authority: string): boolean {
  return certificate.verify(new X509Certificate(authority).publicKey);
}

async function createKeys(
  dnsNames: readonly string[],
  now: number,
  lifetimes: CertificateLifetimes,
): Promise<ServingKeys> {
  const authority = await createAuthority(now, lifetimes);
  const serving = await createCertificate(authority, dnsNames, now, lifetimes);
  return { authorities: [authority.certificate], authorityKey: authority.key, ...serving };
}

interface CertificateAndKey {
  certificate: string;
  key: string;
}

async function createAuthority(
  now: number,
  { authorityMs }: CertificateLifetimes,
): Promise<CertificateAndKey> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  // Two authorities are trusted at the same time: one name for both would make callers confuse them.
  const serialNumber = serial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: `CN=agent-operator-webhook-ca-${serialNumber.slice(2, 10)}`,
    ...validity(now, authorityMs),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

async function createCertificate(
  authority: CertificateAndKey,
  dnsNames: readonly string[],
  now: number,
  { servingMs }: CertificateLifetimes,
): Promise<CertificateAndKey> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const names: JsonGeneralNames = dnsNames.map((value) => ({ type: "dns", value }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=agent-operator-webhook",
    issuer: new x509.X509Certificate(authority.certificate).subject,
    ...validity(now, servingMs),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** Loaded here, since an operator that serves no webhook needs none of it. */
function loadX509(): Promise<typeof import("../runtime/x509-library.ts")> {
  return import("../runtime/x509-library.ts");
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validity(now: number, lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - SKEW_MS), notAfter: new Date(now + lifetimeMs) };
}

function serial(): string {
  // A leading zero keeps the number positive.
  return `00${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString("hex")}`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/.{64}/g, "$&\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", bytes, ALGORITHM, false, ["sign"]);
}
