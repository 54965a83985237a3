// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

/**
 * What a word of a kernel's command line does.
 *
 * @param setting name of a kernel setting, such as a vendor's driver knows it; null for a word that
 *     is known and does nothing here
 * @param value of it
 * @param words that tell people, such as "interrupt remapping off"
 */
public record KernelOption(String setting, long value, String words) {

    /** Tells of a word that does nothing here, or of what it does besides. */
    public static KernelOption note(String words) {
        return new KernelOption(null, 0, words);
    }
}
