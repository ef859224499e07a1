import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.data.Stat;

/**
 * Makes load with ZooKeeper's own client, by its asynchronous calls. Each line of
 * standard input is a task of name=value fields, separated by blanks; answers are lines of JSON. It stays for many tasks, so that what the virtual
 * machine has compiled for one serves the next.
 *
 *   kind=create|write|read|strict-read|paced-write servers= parent= connections= outstanding=
 *     ratePerSecond= valueBytes= keys= warmUpSeconds= seconds=
 *
 *   {"event":"measuring"}                 the warm-up is over
 *   {"event":"result", ...}               what came of it
 *   {"event":"failed","message":"..."}    nothing came of it
 */
final class ZookeeperLoad {
  private static final int SESSION_TIMEOUT_MS = 30_000;
  private static final int RETRY_MS = 10;
  private static final int CONNECT_SECONDS = 60;

  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  public static void main(String[] args) throws Exception {
    ZookeeperLoad load = new ZookeeperLoad();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Task task = new Task(line);
      try {
        load.run(task);
      } catch (Exception failure) {
        String message = failure.toString().replace("\\", "/").replace("\"", "'");
        load.print("{\"event\":\"failed\",\"message\":\"" + message.replace("\n", " ") + "\"}");
      }
    }
    // Whoever gives the tasks has gone.
    Runtime.getRuntime().halt(0);
  }

  private void run(Task task) throws Exception {
    List<ZooKeeper> clients = connect(task);
    try {
      Round round = new Round();
      switch (task.kind) {
        case "create" -> create(task, clients, round);
        case "write", "read", "strict-read" -> loop(task, clients, round);
        case "paced-write" -> pace(task, clients, round);
        default -> throw new IllegalArgumentException("no workload " + task.kind);
      }
      print(round.result());
    } finally {
      close(clients);
    }
  }

  /** Sessions that begin with one server after the other, and know all of them. */
  private static List<ZooKeeper> connect(Task task) throws Exception {
    int count = task.connections;
    String[] servers = task.servers.split(",");
    List<ZooKeeper> clients = new ArrayList<>();
    CountDownLatch connected = new CountDownLatch(count);
    for (int index = 0; index < count; index += 1) {
      clients.add(new ZooKeeper(
          task.servers, SESSION_TIMEOUT_MS, new Connecting(connected), false,
          new InTurn(servers, index % servers.length)));
    }
    if (!connected.await(CONNECT_SECONDS, TimeUnit.SECONDS)) {
      close(clients);
      throw new IllegalStateException(connected.getCount() + " sessions do not open");
    }
    return clients;
  }

  private static void close(List<ZooKeeper> clients) throws InterruptedException {
    // All at once: each waits for a write.
    List<Thread> closings = new ArrayList<>();
    for (ZooKeeper client : clients) {
      Thread closing = new Thread(() -> {
        try {
          client.close();
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
        }
      });
      closing.start();
      closings.add(closing);
    }
    for (Thread closing : closings) closing.join();
  }

  private static void make(ZooKeeper client, String path, byte[] data) throws Exception {
    try {
      client.create(path, data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    } catch (KeeperException.NodeExistsException exists) {
      // As wanted.
    }
  }

  private void create(Task task, List<ZooKeeper> clients, Round round) throws Exception {
    make(clients.get(0), task.parent, new byte[0]);
    AtomicInteger next = new AtomicInteger();
    round.begin();
    circulate(task, clients, round, () -> {
      int key = next.getAndIncrement();
      return key < task.keys ? key : -1;
    }).await();
    round.end();
  }

  private void loop(Task task, List<ZooKeeper> clients, Round round) throws Exception {
    AtomicInteger next = new AtomicInteger();
    CountDownLatch over = circulate(task, clients, round, () -> {
      if (round.isOver) return -1;
      return Math.floorMod(next.getAndIncrement(), task.keys);
    });
    Thread.sleep(task.warmUpMs);
    round.begin();
    Thread.sleep(task.durationMs);
    round.end();
    over.await();
  }

  /** The key to go on with; negative when it is over. */
  private interface Keys {
    int next();
  }

  /** Keeps so many operations under way; what it returns is open until all of them are over. */
  private CountDownLatch circulate(Task task, List<ZooKeeper> clients, Round round, Keys keys) {
    CountDownLatch over = new CountDownLatch(task.outstanding);
    List<Recorder> recorders = new ArrayList<>();
    for (int index = 0; index < clients.size(); index += 1) recorders.add(round.recorder());
    for (int index = 0; index < task.outstanding; index += 1) {
      int place = index % clients.size();
      new Slot(task, clients.get(place), recorders.get(place), keys, over).go();
    }
    return over;
  }

  /** One operation after the other. Used again for each, so that it leaves no garbage. */
  private final class Slot
      implements AsyncCallback.StatCallback, AsyncCallback.DataCallback,
          AsyncCallback.VoidCallback, AsyncCallback.StringCallback {
    private final Task task;
    private final ZooKeeper client;
    private final Recorder recorder;
    private final Keys keys;
    private final CountDownLatch over;
    private int key;
    private long sentNs;

    Slot(Task task, ZooKeeper client, Recorder recorder, Keys keys, CountDownLatch over) {
      this.task = task;
      this.client = client;
      this.recorder = recorder;
      this.keys = keys;
      this.over = over;
    }

    void go() {
      key = keys.next();
      if (key < 0) over.countDown();
      else send();
    }

    private void send() {
      String path = task.path(key);
      sentNs = System.nanoTime();
      switch (task.kind) {
        case "create" -> client.create(
            path, task.value, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, this, null);
        case "write" -> client.setData(path, task.value, -1, this, null);
        case "strict-read" -> {
          // The session does both in this order: the read sees what the sync has waited for.
          client.sync(path, this, null);
          client.getData(path, false, this, null);
        }
        default -> client.getData(path, false, this, null);
      }
    }

    @Override
    public void processResult(int code, String path, Object context, Stat stat) {
      done(code == 0);
    }

    @Override
    public void processResult(int code, String path, Object context, byte[] data, Stat stat) {
      done(code == 0 && data.length == task.value.length);
    }

    @Override
    public void processResult(int code, String path, Object context, String name) {
      done(code == 0 || code == Code.NODEEXISTS.intValue());
    }

    /** The sync of a strict read. Where it fails, so does the read behind it. */
    @Override
    public void processResult(int code, String path, Object context) {}

    private void done(boolean isGood) {
      recorder.record(sentNs, isGood);
      if (isGood) go();
      else if (recorder.round.isOver) over.countDown();
      else timer.schedule(this::send, RETRY_MS, TimeUnit.MILLISECONDS);
    }
  }

  /** Sends what is due, whether or not what was sent before is answered. */
  private void pace(Task task, List<ZooKeeper> clients, Round round) throws Exception {
    List<Recorder> recorders = new ArrayList<>();
    for (int index = 0; index < clients.size(); index += 1) recorders.add(round.recorder());
    AtomicInteger unanswered = new AtomicInteger();
    long startNs = System.nanoTime();
    long warmNs = startNs + task.warmUpMs * 1_000_000;
    long endNs = warmNs + task.durationMs * 1_000_000;
    for (int index = 0; ; index += 1) {
      long dueNs = startNs + (long) (index * (1e9 / task.ratePerSecond));
      if (dueNs >= endNs) break;
      for (long nowNs = System.nanoTime(); nowNs < dueNs; nowNs = System.nanoTime()) {
        LockSupport.parkNanos(dueNs - nowNs);
      }
      if (round.startNs == 0 && dueNs >= warmNs) round.begin();
      Recorder recorder = recorders.get(index % recorders.size());
      if (unanswered.get() >= task.outstanding) {
        recorder.failed();
        continue;
      }
      unanswered.incrementAndGet();
      boolean counts = dueNs >= warmNs;
      AsyncCallback.StatCallback onAnswer = (code, path, context, stat) -> {
        if (counts) recorder.record(dueNs, code == 0);
        unanswered.decrementAndGet();
      };
      ZooKeeper client = clients.get(index % clients.size());
      client.setData(task.path(index % task.keys), task.value, -1, onAnswer, null);
    }
    // What was sent in time counts, although it is answered later.
    round.stop();
    while (unanswered.get() > 0) Thread.sleep(1);
    round.end();
  }

  private void print(String line) {
    synchronized (out) {
      out.print(line + "\n");
      out.flush();
    }
  }

  private long processorMs() {
    return system.getProcessCpuTime() / 1_000_000;
  }

  /** The servers in this order, from a certain one on: the client's own provider shuffles them. */
  private static final class InTurn implements HostProvider {
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private int next;
    private int failed;

    InTurn(String[] servers, int first) {
      next = first;
      for (String server : servers) {
        int colon = server.lastIndexOf(':');
        int port = Integer.parseInt(server.substring(colon + 1));
        addresses.add(new InetSocketAddress(server.substring(0, colon), port));
      }
    }

    @Override
    public int size() {
      return addresses.size();
    }

    @Override
    public synchronized InetSocketAddress next(long spinDelayMs) {
      // As the client's own: a pause when all of them have been tried.
      if (failed >= addresses.size()) {
        failed = 0;
        LockSupport.parkNanos(spinDelayMs * 1_000_000);
      }
      failed += 1;
      InetSocketAddress address = addresses.get(next % addresses.size());
      next += 1;
      return address;
    }

    @Override
    public synchronized void onConnected() {
      failed = 0;
    }

    @Override
    public boolean updateServerList(
        Collection<InetSocketAddress> serverAddresses, InetSocketAddress currentHost) {
      return false;
    }
  }

  private record Connecting(CountDownLatch connected) implements Watcher {
    @Override
    public void process(WatchedEvent event) {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    }
  }

  /** A line of standard input. */
  private static final class Task {
    final String kind;
    final String servers;
    final String parent;
    final int connections;
    final int outstanding;
    final double ratePerSecond;
    final byte[] value;
    final int keys;
    final long warmUpMs;
    final long durationMs;

    Task(String line) {
      Map<String, String> fields = new HashMap<>();
      for (String field : line.split(" ")) {
        int at = field.indexOf('=');
        if (at > 0) fields.put(field.substring(0, at), field.substring(at + 1));
      }
      kind = fields.getOrDefault("kind", "none");
      servers = fields.getOrDefault("servers", "");
      parent = fields.getOrDefault("parent", "/none");
      connections = (int) number(fields, "connections", 1);
      outstanding = (int) number(fields, "outstanding", 1);
      ratePerSecond = number(fields, "ratePerSecond", 1_000);
      value = new byte[(int) number(fields, "valueBytes", 256)];
      keys = (int) number(fields, "keys", 1);
      warmUpMs = (long) (number(fields, "warmUpSeconds", 0) * 1_000);
      durationMs = (long) (number(fields, "seconds", 1) * 1_000);
      for (int index = 0; index < value.length; index += 1) value[index] = (byte) (index * 7);
    }

    private static double number(Map<String, String> fields, String name, double otherwise) {
      String text = fields.get(name);
      return text == null ? otherwise : Double.parseDouble(text);
    }

    String path(int key) {
      return parent + "/k-" + key;
    }
  }

  /** What is counted of a workload, from `begin` to `end`. */
  private final class Round {
    private final List<Recorder> recorders = new ArrayList<>();
    private final AtomicLong lastSuccessNs = new AtomicLong();
    private volatile boolean isMeasuring;
    private volatile boolean isOver;
    private volatile long startNs;
    private volatile long endNs;
    private long startProcessorMs;
    private long processorMs;

    Recorder recorder() {
      Recorder recorder = new Recorder(this);
      recorders.add(recorder);
      return recorder;
    }

    void begin() {
      startProcessorMs = processorMs();
      startNs = System.nanoTime();
      lastSuccessNs.set(startNs);
      isMeasuring = true;
      print("{\"event\":\"measuring\"}");
    }

    /** The time is over; what is still to be answered may count. */
    void stop() {
      endNs = System.nanoTime();
      processorMs = processorMs() - startProcessorMs;
    }

    void end() {
      if (endNs == 0) stop();
      isMeasuring = false;
      isOver = true;
    }

    String result() {
      Histogram all = new Histogram();
      long operations = 0;
      long failures = 0;
      long gapNs = Math.max(0, endNs - lastSuccessNs.get());
      for (Recorder recorder : recorders) {
        all.add(recorder.histogram);
        operations += recorder.operations;
        failures += recorder.failures;
        gapNs = Math.max(gapNs, recorder.longestGapNs);
      }
      return "{\"event\":\"result\",\"operations\":" + operations + ",\"failures\":" + failures
          + ",\"seconds\":" + (endNs - startNs) / 1e9 + ",\"latencyUs\":" + all.json()
          + ",\"processorMs\":" + processorMs + ",\"longestGapMs\":" + gapNs / 1e6 + "}";
    }
  }

  /** Counts the operations of one session: its client calls back from one thread. */
  private static final class Recorder {
    private final Round round;
    private final Histogram histogram = new Histogram();
    private long operations;
    private long failures;
    private long longestGapNs;

    Recorder(Round round) {
      this.round = round;
    }

    void record(long sinceNs, boolean isGood) {
      if (!round.isMeasuring) return;
      if (!isGood) {
        failed();
        return;
      }
      long nowNs = System.nanoTime();
      operations += 1;
      histogram.record((nowNs - sinceNs) / 1_000);
      long gapNs = nowNs - round.lastSuccessNs.getAndSet(nowNs);
      if (gapNs > longestGapNs) longestGapNs = gapNs;
    }

    synchronized void failed() {
      if (round.isMeasuring) failures += 1;
    }
  }

  /** Counts of values, exact below 256 and within a hundredth above. */
  private static final class Histogram {
    private static final int PARTS_BITS = 7;
    private final long[] counts = new long[(64 - PARTS_BITS) << PARTS_BITS];
    private long total;
    private long max;

    void record(long value) {
      long positive = Math.max(0, value);
      counts[bucketOf(positive)] += 1;
      total += 1;
      max = Math.max(max, positive);
    }

    void add(Histogram other) {
      for (int bucket = 0; bucket < counts.length; bucket += 1) {
        counts[bucket] += other.counts[bucket];
      }
      total += other.total;
      max = Math.max(max, other.max);
    }

    String json() {
      return "{\"p50\":" + percentile(0.5) + ",\"p90\":" + percentile(0.9)
          + ",\"p99\":" + percentile(0.99) + ",\"p999\":" + percentile(0.999)
          + ",\"max\":" + max + "}";
    }

    private long percentile(double share) {
      long rank = (long) Math.ceil(total * share);
      long seen = 0;
      for (int bucket = 0; bucket < counts.length; bucket += 1) {
        seen += counts[bucket];
        if (seen >= rank) return Math.min(max, lowest(bucket));
      }
      return max;
    }

    private static int bucketOf(long value) {
      int shift = Math.max(0, 63 - Long.numberOfLeadingZeros(value | 1) - PARTS_BITS);
      return (shift << PARTS_BITS) + (int) (value >>> shift);
    }

    private static long lowest(int bucket) {
      int shift = Math.max(0, (bucket >>> PARTS_BITS) - 1);
      return (long) (bucket - (shift << PARTS_BITS)) << shift;
    }
  }
}
