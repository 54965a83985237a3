// SPDX-License-Identifier: Apache-2.0
package iommu.api.profile;

/**
 * What a kernel's command line says of one setting, or that a known word of it changes nothing
 * here.
 *
 * @param setting name of a kernel setting, such as a vendor's driver knows it; empty if the word
 *     sets none
 * @param value of it; 0 if there is none
 * @param words that tell people, such as "interrupt remapping off"
 */
public record KernelOption(String setting, long value, String words) {

    /**
     * Returns what is to be told of a word that sets nothing.
     *
     * @param words what it does in Linux, and why not here; one line
     */
    public static KernelOption remark(String words) {
        return new KernelOption("", 0, words);
    }

    /** Returns whether it only tells, and sets nothing. */
    public boolean isRemark() {
        return setting.isEmpty();
    }
}
