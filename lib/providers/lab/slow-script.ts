/**
 * Perl (always there on Debian and Ubuntu) that holds every packet which netfilter queues for it, then lets
 * it go. It stands in for `tc netem`, which not every kernel has. Arguments: queue number, seconds.
 */
export const SLOW_SCRIPT = `use strict; use warnings; use Socket; use Time::HiRes 'time';
my ($queue, $delay) = @ARGV;
socket(my $nl, 16, SOCK_RAW, 12) or die "netlink: $!\\n"; # AF_NETLINK, NETLINK_NETFILTER
bind($nl, pack('S S L L', 16, 0, 0, 0)) or die "bind: $!\\n";
setsockopt($nl, SOL_SOCKET, 33, 64 << 20) or setsockopt($nl, SOL_SOCKET, SO_RCVBUF, 8 << 20);
setsockopt($nl, 270, 5, pack('i', 1)); # NETLINK_NO_ENOBUFS: a full buffer drops, as a full link does
sub attr { my ($type, $data) = @_; my $len = 4 + length $data; pack('S S', $len, $type) . $data . "\\0" x (-$len & 3) }
sub msg { my ($type, $body) = @_; pack('L S S L L', 20 + length $body, 0x300 | $type, 1, 0, 0) . pack('C C n', 0, 0, $queue) . $body }
sub put { defined send($nl, $_[0], 0, pack('S S L L', 16, 0, 0, 0)) or die "send: $!\\n" }
put(msg(2, attr(1, pack('C C n', 1, 0, 2))));               # bind to the queue
put(msg(2, attr(2, pack('N C', 0, 1))));                    # send us no payload, only the number
put(msg(2, attr(3, pack('N', 65536))));                     # the longest queue
put(msg(2, attr(4, pack('N', 4)) . attr(5, pack('N', 4)))); # large segments stay whole
my @held;
while (1) {
  my $wait = @held ? $held[0][0] - time : undef;
  my $ready = ''; vec($ready, fileno $nl, 1) = 1;
  if ((!@held || $wait > 0) && select($ready, undef, undef, $wait) > 0 && defined recv($nl, my $buf, 65536, 0)) {
    for (my $at = 0; $at + 16 <= length $buf;) {
      my ($len, $type) = unpack('L S', substr $buf, $at, 6);
      last if $len < 16;
      if ($type == 0x300) { # a packet: its number is in the first attribute of type 1
        for (my $p = $at + 20; $p < $at + $len;) {
          my ($l, $t) = unpack('S S', substr $buf, $p, 4);
          last if $l < 4;
          if (($t & 0x7fff) == 1) { push @held, [time + $delay, unpack('N', substr $buf, $p + 4, 4)]; last }
          $p += ($l + 3) & ~3;
        }
      } elsif ($type == 2 && (my $code = unpack('l', substr $buf, $at + 16, 4))) { $! = -$code; die "netlink: $!\\n" }
      $at += ($len + 3) & ~3;
    }
  }
  while (@held && $held[0][0] <= time) { put(msg(1, attr(2, pack('N N', 1, $held[0][1])))); shift @held }
}
`
