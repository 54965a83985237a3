// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

/** The phases of a hand-over, in order. */
public enum Phase {
    /** The first kernel runs. */
    RUNNING("T0"),
    /** It panics: processors stop, devices do not. */
    CRASH("T1"),
    /** Purgatory checks the digest of the loaded segments. */
    PURGATORY("T2"),
    /** The capture kernel's setup_arch. */
    SETUP_ARCH("T3"),
    /** Interrupt remapping is set up. */
    INTERRUPT_REMAPPING("T4"),
    /** PCI enumeration: BARs are sized, MSI is switched off. */
    ENUMERATION("T5a"),
    /** Final PCI fixups. */
    FINAL_FIXUPS("T5b"),
    /** DMA remapping is set up. */
    DMA_REMAPPING("T6"),
    /** Drivers probe their devices, one after the other. */
    DRIVERS("T7"),
    /** The dump is written, then the machine restarts. */
    DUMP("T8");

    private final String label;

    Phase(String label) {
        this.label = label;
    }

    /**
     * Returns the phase of a short name, as settings of policies give it.
     *
     * @param label such as "T6"
     * @throws IllegalArgumentException if it is none of {@code allowed}
     */
    public static Phase labelled(String label, Phase... allowed) {
        var labels = new StringBuilder();
        for (Phase phase : allowed) {
            if (phase.label.equals(label)) {
                return phase;
            }
            labels.append(labels.length() == 0 ? "" : ", ").append(phase.label);
        }
        throw new IllegalArgumentException("phase '" + label + "', expected one of " + labels);
    }

    /** Returns the short name, such as "T6". */
    public String label() {
        return label;
    }
}
