// SPDX-License-Identifier: Apache-2.0
package devices.pcie.raid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.link.Timer;
import iommu.api.bits.RegisterFile;
import iommu.api.sim.EventQueue;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import iommu.testkit.seeds.Seeds;
import java.util.ArrayDeque;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The queues inside, their timer and their room, against what the library has. */
class QueuesTest {

    private final EventQueue clock = new EventQueue();
    private final FakeFunction function = new FakeFunction(8, 0x010400);
    private final FakeDeviceContext context = new FakeDeviceContext(function,
            new RootPort(new RecordingUpstream(), 8), clock, Map.of());
    private int ran;

    // ---- timer ----------------------------------------------------------------------------------

    @Test
    void aTimerRunsOnceWhenItIsDue() {
        var timer = new Timer(context, () -> ran++);
        timer.set(100);
        assertThat(timer.isSet()).isTrue();
        clock.advance(99);
        assertThat(ran).isZero();
        clock.advance(1);
        assertThat(ran).isEqualTo(1);
        assertThat(timer.isSet()).isFalse();
        clock.advance(1000);
        assertThat(ran).isEqualTo(1);
    }

    @Test
    void aCancelledTimerDoesNotRun() {
        var timer = new Timer(context, () -> ran++);
        timer.set(100);
        timer.cancel();
        clock.advance(1000);
        assertThat(ran).isZero();
    }

    @Test
    void aTimerThatIsSetAgainRunsAtTheNewInstantAlone() {
        var timer = new Timer(context, () -> ran++);
        timer.set(100);
        timer.set(300);
        clock.advance(200);
        assertThat(ran).isZero();
        clock.advance(100);
        assertThat(ran).isEqualTo(1);
        timer.set(50);
        timer.cancel();
        timer.set(50);
        clock.advance(50);
        assertThat(ran).as("two ticks at one instant").isEqualTo(2);
    }

    @Seeds
    void aTimerIsWhatAListOfInstantsIs(long seed) {
        var random = new RandomStream(seed, "timer");
        var timer = new Timer(context, () -> ran++);
        long due = Long.MAX_VALUE;
        int expected = 0;
        for (int i = 0; i < 1000; i++) {
            int what = random.nextInt(3);
            if (what == 0) {
                int delay = 1 + random.nextInt(20);
                timer.set(delay);
                due = clock.nanos() + delay;
            } else if (what == 1) {
                timer.cancel();
                due = Long.MAX_VALUE;
            }
            clock.advance(random.nextInt(10));
            if (due <= clock.nanos()) {
                due = Long.MAX_VALUE;
                expected++;
            }
            assertThat(ran).isEqualTo(expected);
        }
    }

    // ---- commands -------------------------------------------------------------------------------

    @Seeds
    void commandsComeOutAsTheyWentIn(long seed) {
        var random = new RandomStream(seed, "commands");
        var queue = new CommandQueue();
        var same = new ArrayDeque<Command>();
        for (int i = 0; i < 5000; i++) {
            if (same.size() < 1024 && random.nextInt(5) > 1) {
                var command = new Command();
                queue.add(command);
                same.add(command);
            } else {
                assertThat(queue.poll()).isSameAs(same.poll());
            }
            assertThat(queue.size()).isEqualTo(same.size());
        }
    }

    @Test
    void aQueueTakesNoMoreThanItHolds() {
        var queue = new CommandQueue();
        assertThat(queue.poll()).isNull();
        for (int i = 0; i < 1024; i++) {
            queue.add(new Command());
        }
        assertThatThrownBy(() -> queue.add(new Command()))
                .isInstanceOf(IllegalStateException.class).hasMessage("1024 commands");
    }

    @Test
    void roomIsUsedAgain() {
        var store = new CommandStore();
        Command first = store.take();
        assertThat(store.take()).isNotSameAs(first);
        assertThat(store.held()).isEqualTo(2);
        store.give(first);
        assertThat(store.held()).isEqualTo(1);
        assertThat(store.take()).isSameAs(first);
    }

    @Test
    void aCommandIsReadAsItWasBuilt() {
        var command = new Command();
        var builder = new CommandBuilder();
        builder.command(0x1230, true, 16, 0x8a).block16(0x1_2345_6789L, 77)
                .data(CommandLayout.DIRECTION_WRITE, 0x5_0000_4000L, 4096)
                .errors(0x6_0000_0000L, 48);
        System.arraycopy(builder.list(), 0, command.list, 0, CommandBuilder.BYTES);
        command.begin(9);
        assertThat(command.token()).isEqualTo(9);
        assertThat(command.tag()).isEqualTo(0x1230);
        assertThat(command.isForVolume()).isTrue();
        assertThat(command.isWhole()).isTrue();
        assertThat(command.direction()).isEqualTo(CommandLayout.DIRECTION_WRITE);
        assertThat(command.cdb64(2)).isEqualTo(0x1_2345_6789L);
        assertThat(command.cdb32(10)).isEqualTo(77);
        assertThat(command.entriesBytes()).isEqualTo(4096);
        assertThat(command.errorAddress()).isEqualTo(0x6_0000_0000L);
        assertThat(command.errorLength()).isEqualTo(48);
        command.moves(4096);
        assertThat(command.nextAddress()).isEqualTo(0x5_0000_4000L);
        command.advance(100);
        assertThat(command.nextAddress()).isEqualTo(0x5_0000_4064L);
        assertThat(command.nextBytes()).isEqualTo(3996);
    }

    @Test
    void aMessageIsNoCommand() {
        var command = new Command();
        var builder = new CommandBuilder();
        builder.command(1, true, 16, 0x8a).data(2, 0x4000, 512);
        builder.message(0x7000, CommandLayout.MESSAGE_RESET, 4);
        System.arraycopy(builder.list(), 0, command.list, 0, CommandBuilder.BYTES);
        assertThat(command.type()).isEqualTo(CommandLayout.TYPE_MESSAGE);
        assertThat(command.isForVolume()).isFalse();
        assertThat(command.entries()).isZero();
        assertThat(command.cdb16(0)).isEqualTo(0x0104);
    }

    // ---- replies --------------------------------------------------------------------------------

    private ReplyQueue replies() {
        var registers = new RegisterFile(CissLayout.REGISTER_BYTES, CissLayout.REGISTERS);
        var firmware = new FirmwareState(context, ControllerOptions.of(context));
        return new ReplyQueue(context, registers, firmware);
    }

    @Seeds
    void repliesComeOutAsTheyWentIn(long seed) {
        var random = new RandomStream(seed, "replies");
        ReplyQueue replies = replies();
        var same = new ArrayDeque<Integer>();
        for (int i = 0; i < 5000; i++) {
            if (same.size() < 1020 && random.nextInt(5) > 1) {
                int tag = random.nextInt(1 << 20);
                replies.add(tag);
                same.add(tag);
            } else {
                assertThat(replies.read()).isEqualTo(same.isEmpty() ? -1 : same.poll());
            }
            clock.advance(random.nextInt(500));
            assertThat(replies.size()).isEqualTo(same.size());
        }
        replies.clear();
        assertThat(replies.read()).isEqualTo(-1);
    }
}
