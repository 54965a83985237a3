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

    /** Returns the short name, such as "T6". */
    public String label() {
        return label;
    }
}
