// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Phase;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import iommu.testkit.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.setup.FaultInjection;
import kdump.policies.resetdevices.Config;
import kdump.policies.resetdevices.ResetDevices;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Indoh's resets: who is reached, who is spared, and what comes of it. */
public class ResetDevicesTest {

    private static final int COMMAND = 0x04;

    public static final HandoverPolicy POLICY = new ResetDevices(Settings.of(Config.class));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7, 9})
    void functionsBelowAResetPortFallSilentAndTheOthersDoNot(long seed) {
        Verdict verdict = Fixture.run("vtd1", POLICY, RunOptions.ofSeed(seed));

        // 00:1f.2 sits on the root bus, 06:00.0 behind a bridge that is no port
        assertThat(List.of("0000:00:1f.2", "0000:06:00.0"))
                .containsAll(verdict.faults().byRequester().keySet())
                .containsAll(verdict.untranslatedDma().byRequester().keySet());
    }

    @Test
    void functionsOnTheRootBusBehaveAsIfNothingHadBeenReset() {
        RunOptions options = RunOptions.ofSeed(7);
        Verdict reset = Fixture.run("vtd1", POLICY, options);
        Verdict plain = Fixture.run("vtd1",
                new kdump.policies.disablereinit.DisableReinit(), options);

        assertThat(plain.untranslatedDma().byRequester()).containsKey("0000:00:1f.2");
        assertThat(reset.untranslatedDma().byRequester().get("0000:00:1f.2"))
                .isEqualTo(plain.untranslatedDma().byRequester().get("0000:00:1f.2"));
        assertThat(reset.faults().requests()).isLessThan(plain.faults().requests());
    }

    @Test
    void eachEligiblePortPulsesItsResetBitOnce() {
        List<String> steps = Fixture.crash("vtd1", POLICY,
                RunOptions.ofSeed(7).withRateFactor(0), FaultInjection.NONE).timeline().stream()
                .filter(e -> e.what().equals("step")).map(TimelineEntry::text)
                .filter(t -> t.startsWith("WriteConfig") && t.contains("offset=62"))
                .collect(Collectors.toList());

        // five root ports, set then cleared
        assertThat(steps).hasSize(10);
        assertThat(steps.stream().filter(s -> bridgeControl(s, 0x40))).hasSize(5);
        for (String port : List.of("00:02.0", "00:02.1", "00:02.2", "00:03.0", "00:04.0")) {
            assertThat(steps.stream().filter(
                    s -> s.contains("requester=" + RequesterId.parse(port) + ","))).hasSize(2);
        }
    }

    private static boolean bridgeControl(String step, int bit) {
        String value = step.substring(step.indexOf("value=") + 6, step.length() - 1);
        return (Integer.parseInt(value) & bit) != 0;
    }

    /** The policy, watching config space of one function from outside. */
    private record Watched(int requester, List<Integer> seen) implements HandoverPolicy {
        @Override
        public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
            if (event instanceof PhaseStart start && (start.phase() == Phase.SETUP_ARCH
                    || start.phase() == Phase.INTERRUPT_REMAPPING)) {
                for (int offset = COMMAND; offset < 0x28; offset += 4) {
                    seen.add(view.readConfig(requester, offset, 4));
                }
            }
            return POLICY.decide(event, view, notes);
        }
    }

    @Test
    void configSpaceIsAfterwardsAsItWasBefore() {
        List<Integer> seen = new ArrayList<>();
        Fixture.run("vtd1", new Watched(RequesterId.parse("02:00.0"), seen),
                RunOptions.ofSeed(7).withRateFactor(0));

        assertThat(seen.subList(seen.size() / 2, seen.size()))
                .isEqualTo(seen.subList(0, seen.size() / 2));
        assertThat(seen.get(0) & 0x6).as("memory decoding and bus master").isEqualTo(0x6);
    }

    @Test
    void aPortWithAVgaControllerBelowItIsSpared() {
        MachineDescription machine = withClass(Fixture.machine("vtd1"), "03:00.0", 0x030000);
        RunOptions options = RunOptions.ofSeed(7);
        Verdict verdict = Fixture.crash(Fixture.runner(machine, options), Fixture.session(POLICY),
                false, FaultInjection.NONE).verdict();

        assertThat(verdict.untranslatedDma().byRequester()).containsKey("0000:03:00.0");
        assertThat(verdict.untranslatedDma().byRequester()).doesNotContainKey("0000:05:00.0");
    }

    private static MachineDescription withClass(MachineDescription d, String id, int classCode) {
        var functions = new ArrayList<FunctionConfig>();
        for (FunctionConfig f : d.functions()) {
            byte[] config = f.config().clone();
            if (f.requesterId() == RequesterId.parse(id)) {
                config[0x0a] = (byte) (classCode >>> 8);
                config[0x0b] = (byte) (classCode >>> 16);
            }
            functions.add(new FunctionConfig(f.requesterId(), config));
        }
        return new MachineDescription(d.name(), d.source(), d.memoryMap(), d.crashReservation(),
                d.units(), functions, d.image(), d.kernelRelease(), d.commandLine(),
                d.captureCommandLine(), d.remarks());
    }
}
