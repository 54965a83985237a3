// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.unit.AdoptDepth;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.UnitDriver;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In which order a kernel gets hold of a unit. */
class UnitSlotTest {

    private final List<String> acts = new ArrayList<>();
    private boolean refuses;
    private boolean early;
    private boolean tables;
    /** Says what it was asked, and managed or not by then. */
    private final UnitDriver driver = (UnitDriver) Proxy.newProxyInstance(
            UnitDriver.class.getClassLoader(), new Class<?>[] {UnitDriver.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("hasTables")) {
                    return tables;
                }
                if (method.getName().equals("faultInterruptEnabled")) {
                    return early;
                }
                acts.add(method.getName());
                if (refuses) {
                    throw new StepRefusedException("no");
                }
                return null;
            });
    private final UnitSlot slot = new UnitSlot(driver, () -> acts.add("tables"),
            () -> acts.add("domains"));

    @Test
    void aCleanStartSetsDomainsUpWhileTheUnitIsStillOff() throws Exception {
        slot.startClean();
        assertThat(acts).containsExactly("tables", "domains", "startClean", "enableFaultInterrupt");
        assertThat(slot.isManaged()).isTrue();
        assertThat(slot.announcesFaults()).isTrue();
    }

    @Test
    void adoptedTablesComeBeforeTheDomains() throws Exception {
        slot.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(acts).containsExactly("adoptTables", "domains", "enableFaultInterrupt");
        assertThat(slot.isManaged()).isTrue();
    }

    @Test
    void aUnitThatWasLeftOffStaysUnmanaged() {
        slot.resume();
        assertThat(slot.isManaged()).isFalse();
        tables = true;
        slot.resume();
        assertThat(slot.isManaged()).isTrue();
        assertThat(acts).containsExactly("resume", "resume");
    }

    @Test
    void aUnitThatRefusesIsNotManaged() {
        refuses = true;
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(slot::startClean);
        assertThatExceptionOfType(StepRefusedException.class)
                .isThrownBy(() -> slot.adoptTables(AdoptDepth.IN_PLACE));
        assertThat(slot.isManaged()).isFalse();
        assertThat(slot.announcesFaults()).isFalse();
    }

    @Test
    void someKernelsHearOfFaultsBeforeTheyManageTheUnit() {
        slot.initialiseInterrupts();
        assertThat(slot.announcesFaults()).isFalse();
        early = true;
        slot.initialiseInterrupts();
        assertThat(slot.announcesFaults()).isTrue();
        assertThat(slot.isManaged()).isFalse();
    }

    @Test
    void inPartsTheUnitIsManagedOnceTranslationIsOn() throws Exception {
        slot.probeFunctions();
        assertThat(slot.isManaged()).isFalse();
        slot.enableTranslation();
        assertThat(acts).containsExactly("domains", "probeFunctions", "enableTranslation",
                "enableFaultInterrupt");
        assertThat(slot.isManaged()).isTrue();
        assertThat(slot.announcesFaults()).isTrue();
    }

    @Test
    void aPartThatIsRefusedLeavesTheUnitUnmanaged() throws Exception {
        early = true;
        slot.enableInterrupts();
        assertThat(slot.announcesFaults()).isTrue();
        refuses = true;
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(slot::enableTranslation);
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(slot::probeFunctions);
        assertThat(slot.isManaged()).isFalse();
    }
}
