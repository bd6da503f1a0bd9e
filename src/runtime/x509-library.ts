// What follows asks for it while it is loaded.
import "reflect-metadata";

/** What makes certificates, in a module that can be imported when it is needed: a bundle keeps these names. */
export {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
