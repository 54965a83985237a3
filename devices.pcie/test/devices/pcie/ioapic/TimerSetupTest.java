// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ioapic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import iommu.api.pcie.Message;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.InterruptControllers;
import iommu.api.unit.IoApic;
import iommu.api.unit.KernelPanicException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The registers that Linux writes for inputs and for the timer, in their order, and its words. */
class TimerSetupTest {

    private static final long BASE = 0xfec0_0000L;
    private static final List<IoApic> THREE = List.of(new IoApic(2, BASE, 0, 24, 0xa0, 0, true),
            new IoApic(3, 0xfec4_0000L, 24, 8, 0xa1, 0, true),
            new IoApic(4, 0xfec8_0000L, 40, 24, 0xa2, 1, true));
    private static final List<IoApic> NO_INPUT = List.of(new IoApic(2, BASE, 0, 2, 0xa0, 0, true));
    private static final String TRY_8259 = "...trying to set up timer (IRQ0) through the 8259A ...";
    private static final String TRY_WIRE = "...trying to set up timer as Virtual Wire IRQ...";
    private static final String TRY_EXTERNAL = "...trying to set up timer as ExtINT IRQ...";

    private static InterruptControllers.Driver driver(ScriptedTimer port) {
        return new IoApics().driver(KernelProfile.linux61(), port);
    }

    /** Checks a timer; returns the panic, null if there is none. */
    private static KernelPanicException check(ScriptedTimer port) {
        InterruptControllers.Driver driver = driver(port);
        driver.start();
        return catchThrowableOfType(KernelPanicException.class, driver::checkTimer);
    }

    @Test
    void theTimersEntryIsWrittenWithItsMaskLast() {
        var port = new ScriptedTimer(THREE);
        driver(port).start();
        assertThat(port.done).containsExactly("entry 2 of 2: 30", "fec00000=15", "fec00010=0",
                "fec00000=14", "fec00010=30");
    }

    /** 250 ticks a second of 1193182 Hz: a count of 4773, 12A5h; ten ticks are waited for. */
    @Test
    void theTimerTicks250TimesASecondAndIsStoppedWhenItWasHeard() {
        var port = new ScriptedTimer(THREE, 10);
        assertThat(check(port)).isNull();
        assertThat(port.done.subList(5, port.done.size())).containsExactly("taken 30",
                "port 20=11", "port 21=30", "port 21=4", "port 21=3", "port 21=ff",
                "port 43=34", "port 40=a5", "port 40=12", "fee00350=10700", "port 21=ff",
                "taken 30", "pause 40000000", "taken 30", "port 43=30");
        assertThat(port.checks).containsExactly("2 of 2: 10 true");
    }

    /** timer_irq_works: more than four of ten jiffies. */
    @ParameterizedTest
    @CsvSource({"0, false", "3, false", "4, false", "5, true", "6, true", "11, true"})
    void moreThanFourTicksMustArrive(long ticks, boolean works) {
        var port = new ScriptedTimer(THREE, ticks, 10);
        assertThat(check(port)).isNull();
        assertThat(port.checks).first().isEqualTo("2 of 2: " + ticks + " " + works);
        assertThat(port.checks).hasSize(works ? 1 : 2);
    }

    /** Ticks of an earlier check are none of a later one's. */
    @Test
    void eachCheckCountsItsOwnTicks() {
        var port = new ScriptedTimer(THREE, 4, 3, 2, 4);
        assertThat(check(port)).isNotNull();
        assertThat(port.checks).containsExactly("2 of 2: 4 false", "2 of 2: 3 false",
                "2 of 2: 2 false", "2 of 2: 4 false");
    }

    @Test
    void throughThe8259AItsInputIsOpenedAndTheEntryWrittenAgain() {
        var port = new ScriptedTimer(THREE, 0, 10);
        assertThat(check(port)).isNull();
        assertThat(port.console).containsExactly(
                "..TIMER: vector=0x30 apic1=0 pin1=2 apic2=-1 pin2=-1",
                "..MP-BIOS bug: 8254 timer not connected to IO-APIC", TRY_8259,
                "..... (found apic 0 pin 2) ...", "....... works.");
        assertThat(port.done).containsSubsequence("pause 40000000", "entry 2 of 2: 10000",
                "fec00000=15", "fec00010=0", "fec00000=14", "fec00010=10000",
                "entry 2 of 2: 30", "port 21=fe", "pause 40000000", "port 43=30");
        assertThat(port.done).as("no local vector").doesNotContain("fee00350=30");
    }

    /** LVT0 has the vector itself, fixed; the 8259A lets input 0 through. */
    @Test
    void asVirtualWireLvt0HasTheVector() {
        var port = new ScriptedTimer(THREE, 0, 0, 9);
        assertThat(check(port)).isNull();
        assertThat(port.console.subList(4, 7)).containsExactly("....... failed.", TRY_WIRE,
                "..... works.");
        assertThat(port.done).containsSubsequence("port 21=ff", "entry 2 of 2: 10000",
                "fee00350=30", "port 21=fe", "pause 40000000", "taken 30", "port 43=30");
        assertThat(port.done).doesNotContain("fee00350=700");
    }

    /** ExtINT: LVT0 without a vector, the 8259A initialised anew. */
    @Test
    void asExternalInterruptThe8259AGivesTheVector() {
        var port = new ScriptedTimer(THREE, 0, 0, 0, 9);
        assertThat(check(port)).isNull();
        assertThat(port.console).endsWith(TRY_WIRE, "..... failed.", TRY_EXTERNAL,
                "..... works.");
        assertThat(port.done).containsSubsequence("fee00350=30", "port 21=fe",
                "pause 40000000", "port 21=ff", "fee00350=10030", "port 20=11", "port 21=30",
                "port 21=4", "port 21=3", "port 21=ff", "fee00350=700", "port 21=fe",
                "pause 40000000", "taken 30", "port 43=30");
        assertThat(port.checks).hasSize(4).last().isEqualTo("2 of 2: 9 true");
    }

    @Test
    void whenNothingArrivesTheKernelGivesUpWithTheTimerStopped() {
        var port = new ScriptedTimer(THREE, 0, 0, 0, 0);
        assertThat(check(port)).hasMessage("IO-APIC + timer doesn't work!  Boot with apic=debug"
                + " and send a report.  Then try booting with the 'noapic' option.");
        assertThat(port.done).last().isEqualTo("port 43=30");
        assertThat(port.console).endsWith(TRY_EXTERNAL, "..... failed :(.");
    }

    @Test
    void anInputThatTheTimerLacksIsNotWrittenTo() {
        var port = new ScriptedTimer(NO_INPUT, 0, 10);
        assertThat(check(port)).isNull();
        assertThat(port.console).containsExactly(
                "..TIMER: vector=0x30 apic1=-1 pin1=-1 apic2=-1 pin2=-1", TRY_WIRE,
                "..... failed.", TRY_EXTERNAL, "..... works.");
        assertThat(port.done).noneMatch(t -> t.startsWith("entry"));
    }

    @Test
    void throughItsOwnTableTheTimerIsLedByAnIndexOrNotAtAll() {
        var port = new ScriptedTimer(THREE, 3);
        port.remapped = new Message(0xfee0_0030L, 0);
        assertThat(check(port)).hasMessage(
                "timer doesn't work through Interrupt-remapped IO-APIC");
        assertThat(port.done).first().isEqualTo("entry 2 of 2: 3000000000000");
        assertThat(port.done).contains("fec00010=30000").last().isEqualTo("port 43=30");
        assertThat(port.console).hasSize(1);
    }

    /** Rows: global input, and the controller, base and index of its entry. */
    @ParameterizedTest
    @CsvSource({"0, 2, fec00000, 10", "23, 2, fec00000, 3e", "24, 3, fec40000, 10",
        "31, 3, fec40000, 1e", "40, 4, fec80000, 10", "63, 4, fec80000, 3e"})
    void anInputIsThatOfItsController(int input, int id, String base, String index) {
        var port = new ScriptedTimer(THREE);
        driver(port).enable(input, 0x51);
        String upper = Integer.toHexString(Integer.parseInt(index, 16) + 1);
        String window = base.substring(0, 6) + "10";
        assertThat(port.done).containsExactly("entry " + input + " of " + id + ": 8051",
                base + "=" + upper, window + "=0", base + "=" + index, window + "=8051");
        port.done.clear();
        driver(port).disable(input);
        assertThat(port.done).startsWith("entry " + input + " of " + id + ": 10000")
                .endsWith(base + "=" + index, window + "=10000");
    }
}
