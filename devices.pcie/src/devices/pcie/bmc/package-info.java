// SPDX-License-Identifier: Apache-2.0
/**
 * The host's side of a management controller: a function whose own firmware exchanges data with the
 * host through memory that the platform's firmware reserved for it, whatever kernels do.
 *
 * <p>The registers are the model's own, of which it has none but an identification: what is
 * followed is what such functions do to memory. Source: Intel VT-d specification, "Reserved Memory Region
 * Reporting Structure"; Red Hat, "intel_iommu and devices with RMRRs", on management controllers
 * that report sensors of devices through such regions.
 */
package devices.pcie.bmc;
