// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import kdump.lab.qtest.Protocol;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random programs of interrupt messages on QEMU 11, which needs no processor for them, and on our
 * machine: fault records, registers and the log are alike. LAB_PROGRAMS and LAB_SEED as elsewhere.
 */
class MessageDifferenceTest {

    private static final int PROGRAMS = 100;
    private static final List<String> EVENTS = List.of("vtd_ir_remap", "vtd_ir_remap_type",
            "vtd_ir_remap_msi", "vtd_ir_remap_msi_req", "vtd_frr_new");

    private final LogTail log = new LogTail();
    private final LogTail ourLog = new LogTail();
    private List<String> ours;

    private static int number(String variable, int otherwise) {
        String text = System.getenv(variable);
        return text == null ? otherwise : Integer.parseInt(text);
    }

    private static List<String> options(String unit, LogTail log) {
        var options = new ArrayList<>(MessageProgramMaker.options(unit));
        EVENTS.forEach(e -> options.addAll(List.of("-trace", e)));
        options.addAll(List.of("-D", log.path().toString()));
        return options;
    }

    @ParameterizedTest
    @ValueSource(strings = {"intel-iommu,intremap=on", "intel-iommu,intremap=on,eim=on",
        "intel-iommu,intremap=on,scalable-mode=on,fsts=on"})
    void messagesAreRemappedAlike(String unit) {
        Oracle.QEMU_11.required();
        ours = new ArrayList<>(Oracle.QEMU_11.ours(options(unit, ourLog)));
        ours.addAll(List.of("-accel", "qtest"));
        int first = number("LAB_SEED", 1);
        try (var qemu = QemuProcess.withoutProcessor(Oracle.QEMU_11, options(unit, log))) {
            for (int seed = first; seed < first + number("LAB_PROGRAMS", PROGRAMS); seed++) {
                List<Step> steps = MessageProgramMaker.of(seed);
                String difference = difference(qemu, steps);
                if (difference != null) {
                    List<Step> shorter = shrunk(qemu, steps);
                    assertThat(difference(qemu, shorter)).as("LAB_SEED=%d\n%s", seed,
                            shorter.stream().map(Step::toString)
                                    .collect(Collectors.joining("\n"))).isNull();
                }
            }
        } finally {
            log.close();
            ourLog.close();
        }
    }

    /** Returns the first place where the two differ, or null. */
    private String difference(QemuProcess qemu, List<Step> steps) {
        qemu.answers(MessageProgramMaker.beginning());
        log.next();
        List<String> lines = MessageProgramMaker.lines(steps);
        List<String> theirs = qemu.answers(lines);
        String theirLog = log.next();
        ourLog.rewind();
        Protocol protocol = OurMachine.of(ours.toArray(String[]::new));
        MessageProgramMaker.beginning().forEach(protocol::answer);
        String before = told(protocol);
        for (int i = 0; i < lines.size(); i++) {
            String answer = protocol.answer(lines.get(i));
            if (!answer.equals(theirs.get(i))) {
                return lines.get(i) + "\n  QEMU: " + theirs.get(i) + "\n  ours: " + answer;
            }
        }
        String ourTold = told(protocol);
        return ourTold.equals(theirLog) ? null : "log, after " + before.lines().count()
                + " lines\n  QEMU: " + theirLog + "\n  ours: " + ourTold;
    }

    private String told(Protocol protocol) {
        try {
            protocol.flushLog();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ourLog.next();
    }

    private List<Step> shrunk(QemuProcess qemu, List<Step> program) {
        var steps = new ArrayList<>(program);
        for (int i = steps.size() - 1; i >= 0; i--) {
            Step dropped = steps.remove(i);
            if (difference(qemu, steps) == null) {
                steps.add(i, dropped);
            }
        }
        return steps;
    }
}
