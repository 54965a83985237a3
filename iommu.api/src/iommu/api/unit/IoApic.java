// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/**
 * An I/O APIC of a machine, as firmware's tables describe it. Immutable.
 *
 * <p>Source: ACPI, "I/O APIC Structure"; whose id its messages carry: VT-d, "Device Scope
 * Structure", and AMD I/O Virtualization Technology Specification, "Special Device".
 *
 * @param id that firmware gives it, 0 to 255
 * @param base physical address of its registers
 * @param firstInput global number of its first input (GSI base), 0 or more
 * @param inputs how many it has, 1 to 120
 * @param source id that its messages carry, with the segment above; it need not be a function's
 * @param unit index of the remapping unit that its messages go through; -1 if none does
 * @param lint0 whether the 8259A beside it is wired to the processor's LINT0
 */
public record IoApic(int id, long base, int firstInput, int inputs, int source, int unit,
        boolean lint0) {

    /**
     * Most inputs whose entries the register select, of 8 bits, reaches; the version register could
     * tell of 240.
     */
    public static final int MAX_INPUTS = 120;

    /** Checks the ranges. */
    public IoApic {
        if (inputs < 1 || inputs > MAX_INPUTS || firstInput < 0) {
            throw new IllegalArgumentException("inputs " + firstInput + " to "
                    + (firstInput + inputs - 1) + " of an I/O APIC");
        }
    }

    /** Returns whether a global input is one of its own. */
    public boolean has(int input) {
        return input >= firstInput && input < firstInput + inputs;
    }
}
