// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.Phase;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.command.CommandLineInterface;
import kdump.lab.api.live.LiveMachine;
import kdump.lab.api.live.LiveMachines;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.test.common.annotation.InjectBundleContext;
import org.osgi.test.common.annotation.InjectService;

/** A machine taken step by step while bundles come and go. */
class LiveMachineTest {

    private static final Path ROOT = Path.of(System.getProperty("lab.root"));
    private static final Target VTD1 = new Target(ROOT.resolve("docs/captures/vtd1").toString(),
            ROOT, null);
    private static final RunOptions OPTIONS = RunOptions.ofSeed(3).withCrashAt(1_000_000);
    private static final String NAME = "live-stranger";

    @InjectBundleContext
    BundleContext context;

    @InjectService
    LiveMachines machines;

    @InjectService
    Lab lab;

    @InjectService
    CommandLineInterface commands;

    private Bundle stranger;

    @AfterEach
    void uninstall() throws Exception {
        System.getProperties().remove(NAME);
        if (stranger != null && stranger.getState() != Bundle.UNINSTALLED) {
            stranger.uninstall();
        }
        CommandRun.of(commands, "end");
    }

    private void drop() throws Exception {
        drop(new Stranger(NAME, "1.0.0", NAME, 0));
    }

    private void drop(Stranger what) throws Exception {
        stranger = context.installBundle("test:" + NAME, new ByteArrayInputStream(what.bytes()));
        stranger.start();
    }

    /** Drops one that answers so when it is to take over. */
    private void dropThatTakesOver(String body) throws Exception {
        drop(new Stranger(NAME, "1.0.0", NAME, 0, "notes.put(\"list\", 1, new byte[1]);\n"
                + "return Second.none();\n}\n@Override\npublic String refusesToTakeOver("
                + "Phase phase, HandoverNotes notes) {\n" + body));
    }

    @Test
    void aPolicyThatNeedsWhatHappenedEarlierRefusesInWords() throws Exception {
        dropThatTakesOver("return notes.get(\"list\", 1) == null ? \"no\\nlist\" : null;");
        try (LiveMachine live = machines.begin(VTD1, "linux", OPTIONS)) {
            live.next(Phase.SETUP_ARCH);
            String line = "policy " + NAME + " refuses to take over at T3: no.list";
            assertThatThrownBy(() -> live.use(NAME)).isInstanceOf(LabException.class)
                    .hasMessage(line);
            assertThat(stranger.getServicesInUse()).isNull();
            assertThatThrownBy(() -> live.use("identity-map-crash-range"))
                    .hasMessageContaining("the first kernel maps the reservation");
            assertThat(live.state().news()).extracting(e -> e.text()).contains(line);
            live.next(Phase.DMA_REMAPPING);
            assertThat(live.verdict().policy()).isEqualTo("linux");
            assertThat(live.verdict().reasons()).contains(line);
        }
        try (LiveMachine live = machines.begin(VTD1, NAME, OPTIONS)) {
            live.next(Phase.SETUP_ARCH);
            live.use("linux");
            assertThat(live.use(NAME).policy()).as("its own notes").isEqualTo(NAME);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "throw new Error(\"no way\"); | broke: java.lang.Error: no way",
        "notes.put(\"x\", 1, new byte[1]); return null; | notes are not taken now: 'x'",
        "while (phase != null) Thread.onSpinWait(); return null; | does not come back"})
    void aPolicyThatBreaksAsItIsAskedDoesNotTakeOver(String body, String words) throws Exception {
        dropThatTakesOver(body);
        System.setProperty("lab.patience.millis", "1500");
        try (LiveMachine live = machines.begin(VTD1, "linux", OPTIONS)) {
            live.next(Phase.SETUP_ARCH);
            assertThatThrownBy(() -> live.use(NAME)).isInstanceOf(LabException.class)
                    .hasMessageContaining("bundle " + NAME + " 1.0.0").hasMessageContaining(words);
            assertThat(live.next(Phase.DMA_REMAPPING).policy()).isEqualTo("linux");
        } finally {
            System.clearProperty("lab.patience.millis");
        }
    }

    @Test
    void aPolicyThatIsDroppedInMidwayDecidesFromThereOn() throws Exception {
        List<Object> asked = new ArrayList<>();
        try (LiveMachine live = machines.begin(VTD1, "linux", OPTIONS)) {
            live.next(Phase.INTERRUPT_REMAPPING);
            assertThatThrownBy(() -> live.use(NAME)).isInstanceOf(LabException.class)
                    .hasMessageStartingWith("no policy '" + NAME + "'");
            drop();
            Consumer<Object> hook = asked::add;
            System.getProperties().put(NAME, hook);
            assertThat(live.use(NAME).policy()).isEqualTo(NAME);
            assertThat(asked).isEmpty();
            live.next(Phase.DMA_REMAPPING);
            assertThat(asked).contains(new HandoverEvent.PhaseStart(Phase.ENUMERATION),
                    new HandoverEvent.PhaseStart(Phase.DMA_REMAPPING)).doesNotContain(
                    new HandoverEvent.PhaseStart(Phase.SETUP_ARCH));
            assertThat(live.verdict().policy()).isEqualTo(NAME);
        }
        assertThat(stranger.getServicesInUse()).isNull();
    }

    @Test
    void aPolicyThatIsWithdrawnMidwayEndsTheMachineInWords() throws Exception {
        drop();
        try (LiveMachine live = machines.begin(VTD1, NAME, OPTIONS)) {
            live.next(Phase.SETUP_ARCH);
            stranger.stop();
            assertThat(live.next().ended()).contains(NAME, "was withdrawn");
            assertThat(live.verdict().captureKernel()).startsWith("withdrawn at T");
            assertThatThrownBy(() -> live.use("linux")).hasMessageContaining("has ended");
        }
    }

    @Test
    void aVendorThatIsUpdatedMidwayEndsTheMachineInWords() throws Exception {
        Bundle vendor = java.util.Arrays.stream(context.getBundles())
                .filter(b -> b.getSymbolicName().equals("iommu.vtd")).findFirst().orElseThrow();
        try (LiveMachine live = machines.begin(VTD1, "linux", OPTIONS)) {
            live.next(Phase.SETUP_ARCH);
            vendor.stop();
            vendor.start();
            assertThat(live.next().ended()).contains("iommu.vtd", "was withdrawn");
            assertThat(live.verdict().captureKernel()).startsWith("withdrawn at T");
        }
        assertThat(lab.compare(VTD1, List.of("linux"), OPTIONS).verdicts().get(0).captureKernel())
                .isEqualTo("ok");
    }

    @Test
    void commandsTakeOneMachineFromBeginToEnd() {
        assertThat(CommandRun.of(commands, "next").err()).contains("no machine was begun");
        CommandRun begun = CommandRun.of(commands, "begin", "vtd1", "--policy", "linux");
        assertThat(begun.status()).as(begun.err()).isZero();
        assertThat(CommandRun.of(commands, "next", "T4").out()).contains("interrupt remapping",
                "vtd1 under linux: T4");
        assertThat(CommandRun.of(commands, "next", "T1").err()).contains("T1 lies behind");
        assertThat(CommandRun.of(commands, "next", "T9").status()).isEqualTo(2);
        assertThat(CommandRun.of(commands, "next", "0ms").status()).isEqualTo(2);
        assertThat(CommandRun.of(commands, "use", "copy-tables").out())
                .contains("copy-tables decides from here on");
        assertThat(CommandRun.of(commands, "state").out()).contains("<- here", "translates");
        assertThat(CommandRun.of(commands, "state", "--json").out()).startsWith("{\"machine\":");
        assertThat(CommandRun.of(commands, "verdict").out()).contains("copy-tables");
        assertThat(CommandRun.of(commands, "end").status()).isZero();
        assertThat(CommandRun.of(commands, "verdict").status()).isEqualTo(2);
    }
}
