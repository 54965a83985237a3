// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.pcie.DeviceModel;
import iommu.testkit.FakeFunction;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** The rules for device models as tests: extend it and say which model. */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
public abstract class DeviceConformance {

    /** For JUnit. */
    protected DeviceConformance() { }

    /** Returns the model. */
    protected abstract DeviceModel model();

    /**
     * Returns a function that the model accepts, as firmware leaves it but that it decodes memory
     * and is a bus master; a new one at each call.
     */
    protected abstract FakeFunction function();

    private DeviceCheck check() {
        return new DeviceCheck(model(), this::function);
    }

    /** {@link DeviceCheck#accepts}. */
    @Test
    public void accepts() {
        check().accepts();
    }

    /** {@link DeviceCheck#takesEveryAccess}. */
    @Test
    public void takesEveryAccess() {
        check().takesEveryAccess();
    }

    /** {@link DeviceCheck#isSilentAfterAReset}. */
    @Test
    public void isSilentAfterAReset() {
        check().isSilentAfterAReset();
    }

    /** {@link DeviceCheck#restsWhileItIsNoBusMaster}. */
    @Test
    public void restsWhileItIsNoBusMaster() {
        check().restsWhileItIsNoBusMaster();
    }

    /** {@link DeviceCheck#staysInItsMemory}. */
    @Test
    public void staysInItsMemory() {
        check().staysInItsMemory();
    }

    /** {@link DeviceCheck#isTakenOver}. */
    @Test
    public void isTakenOver() {
        check().isTakenOver();
    }
}
