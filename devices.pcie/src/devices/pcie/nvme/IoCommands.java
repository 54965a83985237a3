// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.Medium;

/**
 * The I/O commands. Source: NVM Command Set Specification, "NVM Command Set Commands"; NVM Express
 * Base Specification, "Flush command".
 */
final class IoCommands {

    private static final int MOST_BYTES = 4096 << IdentifyPages.MDTS;

    private final NvmeController controller;
    private final IdentifyPages identify;
    private final NvmeOptions options;

    IoCommands(NvmeController controller, IdentifyPages identify, NvmeOptions options) {
        this.controller = controller;
        this.identify = identify;
        this.options = options;
    }

    void execute(Command c) {
        int opcode = c.opcode();
        boolean all = opcode == NvmeCommands.FLUSH
                && c.namespace() == NvmeCommands.ALL_NAMESPACES;
        if (!all && !identify.hasNamespace(c.namespace())) {
            c.finish(NvmeCommands.INVALID_NAMESPACE, 0);
            return;
        }
        switch (opcode) {
            case NvmeCommands.FLUSH -> c.touchMedium(controller.useMedium(0));
            case NvmeCommands.READ -> move(c, true);
            case NvmeCommands.WRITE -> move(c, false);
            case NvmeCommands.WRITE_ZEROES -> zero(c);
            default -> c.finish(NvmeCommands.INVALID_OPCODE, 0);
        }
    }

    private static int blocks(Command c) {
        return (int) NvmeCommands.NLB.of(c.dword(NvmeCommands.CDW12)) + 1;
    }

    private boolean isOutside(Command c) {
        long first = c.quadword(NvmeCommands.CDW10);
        return Long.compareUnsigned(first, options.sectors()) >= 0
                || blocks(c) > options.sectors() - first;
    }

    private void move(Command c, boolean toHost) {
        int bytes = blocks(c) * Medium.SECTOR_BYTES;
        if (bytes > MOST_BYTES) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
        } else if (isOutside(c)) {
            c.finish(NvmeCommands.LBA_OUT_OF_RANGE, 0);
        } else {
            c.transfer(toHost, true, c.quadword(NvmeCommands.CDW10), bytes);
        }
    }

    private void zero(Command c) {
        if (isOutside(c)) {
            c.finish(NvmeCommands.LBA_OUT_OF_RANGE, 0);
            return;
        }
        c.zero(c.quadword(NvmeCommands.CDW10), blocks(c) * Medium.SECTOR_BYTES);
        c.touchMedium(controller.useMedium(0));
    }
}
