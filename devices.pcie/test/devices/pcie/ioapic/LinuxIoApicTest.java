// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.KernelProfile;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.KernelPanicException;
import org.junit.jupiter.api.Test;

class LinuxIoApicTest {

    private static InterruptControllers.Driver driver(ControllerFixture fixture) {
        InterruptControllers.Driver driver =
                new IoApics().driver(KernelProfile.linux61(), fixture);
        driver.start();
        return driver;
    }

    @Test
    void aTimerThatArrivesIsAllThatIsLookedFor() {
        var fixture = new ControllerFixture(24, true);
        driver(fixture).checkTimer();
        assertThat(fixture.console).containsExactly(
                "..TIMER: vector=0x30 apic1=0 pin1=2 apic2=-1 pin2=-1");
        assertThat(fixture.checks).containsExactly(true);
        int sent = fixture.sent.size();
        fixture.queue.advance(1_000_000_000);
        assertThat(fixture.sent).as("the timer is stopped").hasSize(sent);
    }

    /** Nothing passes, as under a foreign table: as virtual wire it goes by no message. */
    @Test
    void whereMessagesAreBlockedTheTimerGoesByAWire() {
        var fixture = new ControllerFixture(24, true);
        fixture.passes = data -> false;
        driver(fixture).checkTimer();
        assertThat(fixture.console).containsSubsequence(
                "..MP-BIOS bug: 8254 timer not connected to IO-APIC",
                "...trying to set up timer (IRQ0) through the 8259A ...", "....... failed.",
                "...trying to set up timer as Virtual Wire IRQ...", "..... works.");
        assertThat(fixture.checks).containsExactly(false, false, true);
    }

    @Test
    void withoutThatWireItIsTheEnd() {
        var fixture = new ControllerFixture(24, false);
        fixture.passes = data -> false;
        InterruptControllers.Driver driver = driver(fixture);
        assertThatThrownBy(driver::checkTimer).isInstanceOf(KernelPanicException.class)
                .hasMessageStartingWith("IO-APIC + timer doesn't work!");
        assertThat(fixture.console).endsWith("...trying to set up timer as ExtINT IRQ...",
                "..... failed :(.");
        assertThat(fixture.checks).containsExactly(false, false, false, false);
    }

    @Test
    void throughATableOfItsOwnNoOtherWayIsTried() {
        var fixture = new ControllerFixture(24, true);
        fixture.passes = data -> false;
        fixture.remappedTo = 0xfee0_0010L;
        InterruptControllers.Driver driver = driver(fixture);
        assertThatThrownBy(driver::checkTimer).isInstanceOf(KernelPanicException.class)
                .hasMessage("timer doesn't work through Interrupt-remapped IO-APIC");
        assertThat(fixture.checks).containsExactly(false);
        assertThat(fixture.sent).containsOnly("2: fee00010 30");
    }

    @Test
    void whereTheTimerHasNoInputTheWireIsTriedAtOnce() {
        var fixture = new ControllerFixture(2, true);
        driver(fixture).checkTimer();
        assertThat(fixture.console).first().asString().contains("pin1=-1");
        assertThat(fixture.checks).containsExactly(true);
    }

    @Test
    void noTimerCheckLooksAtNothing() {
        var fixture = new ControllerFixture(24, false);
        fixture.passes = data -> false;
        new IoApics().driver(KernelProfile.linux61().with(KernelProfile.TIMER_CHECK, 0), fixture)
                .checkTimer();
        assertThat(fixture.console).isEmpty();
        assertThat(fixture.checks).isEmpty();
    }

    @Test
    void anInputThatIsEnabledIsLevelTriggeredAndLedToItsVector() {
        var fixture = new ControllerFixture(24, true);
        InterruptControllers.Driver driver = driver(fixture);
        fixture.hardware.level(17, true);
        driver.enable(17, 0x44);
        assertThat(fixture.sent).containsExactly("17: fee00000 c044");
        driver.disable(17);
        fixture.hardware.level(17, true);
        assertThat(fixture.sent).hasSize(1);
        driver.enable(25, 0x45);
        fixture.hardware.level(25, true);
        assertThat(fixture.sent).last().isEqualTo("25: fee00000 c045");
    }
}
