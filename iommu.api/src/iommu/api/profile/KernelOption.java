// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

/**
 * What a kernel's command line says of one setting.
 *
 * @param setting name of a kernel setting, such as a vendor's driver knows it
 * @param value of it
 * @param words that tell people, such as "interrupt remapping off"
 */
public record KernelOption(String setting, long value, String words) { }
