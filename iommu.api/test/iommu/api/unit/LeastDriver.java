// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

/** A kernel's code for a unit that implements the least: each thing in one step, and none of it. */
class LeastDriver implements UnitDriver {

    @Override
    public void resume() { }

    @Override
    public void initialiseInterrupts() { }

    @Override
    public void disableTranslation() { }

    @Override
    public void startClean() { }

    @Override
    public void adoptTables(AdoptDepth depth) { }

    @Override
    public void enableFaultInterrupt() { }

    @Override
    public void handleFaults() { }

    @Override
    public void map(int requester, long iova, long physicalAddress, long bytes,
            int access) { }

    @Override
    public void unmap(int requester, long iova, long bytes) { }

    @Override
    public void flush() { }
}
