// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.commands;

/** What fetches commands from memory. */
public interface Commands {

    /** Begins or ends fetching, as CmdBufEn and IommuEn have it. */
    void run(boolean on);
}
