// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.IommuVendor;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/** The rules for vendors as tests: extend it and say which vendor. */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = ThreadMode.SEPARATE_THREAD)
public abstract class VendorConformance {

    /** For JUnit. */
    protected VendorConformance() { }

    /** Returns the vendor. */
    protected abstract IommuVendor vendor();

    /** Returns the kernels whose code for the units is tried; not empty. */
    protected abstract List<KernelProfile> kernels();

    private void each(Consumer<VendorCheck> rule) {
        kernels().forEach(kernel -> rule.accept(new VendorCheck(vendor(), kernel)));
    }

    private void running(Consumer<TakeOverCheck> rule) {
        kernels().forEach(kernel -> rule.accept(new TakeOverCheck(vendor(), kernel)));
    }

    private void hostile(Consumer<HostileTables> rule) {
        kernels().forEach(kernel -> rule.accept(new HostileTables(vendor(), kernel)));
    }

    /** {@link VendorCheck#isWellNamed}. */
    @Test
    public void isWellNamed() {
        each(VendorCheck::isWellNamed);
    }

    /** {@link VendorCheck#isOffAfterAReset}. */
    @Test
    public void isOffAfterAReset() {
        each(VendorCheck::isOffAfterAReset);
    }

    /** {@link VendorCheck#translatesWhatIsMapped}. */
    @Test
    public void translatesWhatIsMapped() {
        each(VendorCheck::translatesWhatIsMapped);
    }

    /** {@link VendorCheck#mapsLargeRanges}. */
    @Test
    public void mapsLargeRanges() {
        each(VendorCheck::mapsLargeRanges);
    }

    /** {@link VendorCheck#forgetsWhatIsUnmapped}. */
    @Test
    public void forgetsWhatIsUnmapped() {
        each(VendorCheck::forgetsWhatIsUnmapped);
    }

    /** {@link VendorCheck#recordsFaults}. */
    @Test
    public void recordsFaults() {
        each(VendorCheck::recordsFaults);
    }

    /** {@link TakeOverCheck#goesOnFromItsRegisters}. */
    @Test
    public void goesOnFromItsRegisters() {
        running(TakeOverCheck::goesOnFromItsRegisters);
    }

    /** {@link TakeOverCheck#isTakenOver}. */
    @Test
    public void isTakenOver() {
        running(TakeOverCheck::isTakenOver);
    }

    /** {@link TakeOverCheck#isStartedAnew}. */
    @Test
    public void isStartedAnew() {
        running(TakeOverCheck::isStartedAnew);
    }

    /** {@link HostileTables#anyRegisterMayBeWritten}. */
    @Test
    public void anyRegisterMayBeWritten() {
        hostile(HostileTables::anyRegisterMayBeWritten);
    }

    /** {@link HostileTables#anyTableMayBeFound}. */
    @Test
    public void anyTableMayBeFound() {
        hostile(HostileTables::anyTableMayBeFound);
    }
}
