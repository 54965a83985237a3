// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Upstream;
import iommu.api.unit.Translation;

/** Where DMA leaves the fabric of a {@link Machine}: through its unit, if any, to memory. */
final class MemoryBridge implements Upstream {

    private final Machine machine;

    MemoryBridge(Machine machine) {
        this.machine = machine;
    }

    @Override
    public CompletionStatus read(int function, int alias, long address, byte[] to, int offset,
            int bytes) {
        long translation = translate(alias, address, Access.READ);
        PhysicalMemory memory = machine.memory();
        long at = place(translation, address);
        if (Translation.isBlocked(translation) || !memory.contains(at, bytes)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        memory.read(at, to, offset, bytes);
        return CompletionStatus.SUCCESS;
    }

    @Override
    public CompletionStatus write(int function, int alias, long address, byte[] from, int offset,
            int bytes) {
        long translation = translate(alias, address, Access.WRITE);
        PhysicalMemory memory = machine.memory();
        long at = place(translation, address);
        if (Translation.isBlocked(translation) || !memory.contains(at, bytes)) {
            return CompletionStatus.UNSUPPORTED_REQUEST;
        }
        if (machine.isWritable(at)) {
            memory.write(at, from, offset, bytes);
        }
        return CompletionStatus.SUCCESS;
    }

    private long translate(int alias, long address, int access) {
        return machine.unit() == null ? Translation.untranslated()
                : machine.unit().translate(alias, address, access);
    }

    private static long place(long translation, long address) {
        return Translation.isUntranslated(translation) ? address
                : Translation.address(translation);
    }

    @Override
    public void systemError(int port, String gates) {
        // nobody looks
    }
}
