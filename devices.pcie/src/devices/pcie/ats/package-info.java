// SPDX-License-Identifier: Apache-2.0

/**
 * A device's own end of address translation services: the cache of translations and the way to
 * memory through it. For the device models of this room; each bundle that needs it carries it.
 *
 * <p>Source: PCI Express Base Specification, "Address Translation Services".
 */
package devices.pcie.ats;
