// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;

/** A device that answers as a test says, and remembers what reached it. */
final class SettableDevice implements Device {

    CompletionStatus completion = CompletionStatus.SUCCESS;
    boolean present = true;
    int resets;
    int ends;
    int writes;

    @Override
    public CompletionStatus completion() {
        return completion;
    }

    @Override
    public boolean present() {
        return present;
    }

    @Override
    public int readRegister(int offset) {
        return offset;
    }

    @Override
    public void writeRegister(int offset, int value) {
        writes++;
    }

    @Override
    public void reset() {
        resets++;
    }

    @Override
    public void resetEnded() {
        ends++;
    }
}
