//go:build cgo && !purego

#include "libav.h"

#include <dlfcn.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// The functions used, each with its library.
#define FUNCTIONS(use)                                                                                       \
  use(util, av_frame_alloc) use(util, av_frame_free) use(util, av_frame_unref) use(util, av_log_set_level)    \
  use(codec, av_packet_alloc) use(codec, av_packet_free) use(codec, av_packet_unref)                          \
  use(codec, avcodec_alloc_context3) use(codec, avcodec_free_context) use(codec, avcodec_open2)               \
  use(codec, avcodec_parameters_to_context) use(codec, avcodec_send_packet) use(codec, avcodec_receive_frame) \
  use(format, avformat_open_input) use(format, avformat_close_input) use(format, avformat_find_stream_info)   \
  use(format, av_find_best_stream) use(format, av_read_frame) use(format, av_stream_get_side_data)

#define DECLARE(library, name) static __typeof__(&name) p_##name;
FUNCTIONS(DECLARE)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int loaded;

// FFmpeg's libraries bring a hundred others, which would cost every start of
// the app time and memory, so they are not linked.
static void load(void) {
  void* util = dlopen("libavutil.so." AV_STRINGIFY(LIBAVUTIL_VERSION_MAJOR), RTLD_LAZY | RTLD_LOCAL);
  void* codec = dlopen("libavcodec.so." AV_STRINGIFY(LIBAVCODEC_VERSION_MAJOR), RTLD_LAZY | RTLD_LOCAL);
  void* format = dlopen("libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR), RTLD_LAZY | RTLD_LOCAL);
  if (!util || !codec || !format) return;
#define FIND(library, name) \
  if (!(p_##name = (__typeof__(p_##name))dlsym(library, #name))) return;
  FUNCTIONS(FIND)
  p_av_log_set_level(AV_LOG_QUIET);  // errors come back as codes
  loaded = 1;
}

struct rtv_video {
  AVFormatContext* file;
  AVCodecContext* decoder;
  AVPacket* packet;
  int stream;
  int drained;  // the decoder was told that nothing more comes
};

// layout is how frames call FFmpeg's pixel format and range.
static rtv_video_layout layout(int format, enum AVColorRange range) {
  rtv_video_layout l = {.full_range = range == AVCOL_RANGE_JPEG};
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: l.full_range = 1;  // fall through
    case AV_PIX_FMT_YUV420P: l.chroma = RTV_420; break;
    case AV_PIX_FMT_YUVJ422P: l.full_range = 1;  // fall through
    case AV_PIX_FMT_YUV422P: l.chroma = RTV_422; break;
    case AV_PIX_FMT_YUVJ444P: l.full_range = 1;  // fall through
    case AV_PIX_FMT_YUV444P: l.chroma = RTV_444; break;
  }
  return l;
}

static int turned(AVStream* s) {
  uint8_t* matrix = p_av_stream_get_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, NULL);
  if (!matrix) return 0;
  const int32_t* m = (const int32_t*)matrix;
  return !(m[0] == 1 << 16 && m[1] == 0 && m[3] == 0 && m[4] == 1 << 16);
}

int rtv_video_open(const char* path, rtv_video** out, rtv_video_info* info) {
  pthread_once(&once, load);
  if (!loaded) return RTV_VIDEO_NO_LIBRARY;
  rtv_video* v = calloc(1, sizeof *v);
  if (!v) return AVERROR(ENOMEM);
  int rc = p_avformat_open_input(&v->file, path, NULL, NULL);
  if (rc >= 0) rc = p_avformat_find_stream_info(v->file, NULL);
  const AVCodec* codec = NULL;
  if (rc >= 0) rc = v->stream = p_av_find_best_stream(v->file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (rc < 0 || !codec) goto failed;
  AVStream* s = v->file->streams[v->stream];
  v->packet = p_av_packet_alloc();
  v->decoder = p_avcodec_alloc_context3(codec);
  if (!v->packet || !v->decoder) {
    rc = AVERROR(ENOMEM);
    goto failed;
  }
  if ((rc = p_avcodec_parameters_to_context(v->decoder, s->codecpar)) < 0) goto failed;
  v->decoder->thread_count = 1;  // the least work in total
  if ((rc = p_avcodec_open2(v->decoder, codec, NULL)) < 0) goto failed;
  *info = (rtv_video_info){
      .rate = {s->r_frame_rate.num, s->r_frame_rate.den},
      .average = {s->avg_frame_rate.num, s->avg_frame_rate.den},
      .frames = s->nb_frames,
      .turned = turned(s),
  };
  for (unsigned i = 0; i < v->file->nb_streams; i++)
    if ((int)i != v->stream) v->file->streams[i]->discard = AVDISCARD_ALL;
  *out = v;
  return 0;
failed:
  rtv_video_close(v);
  return rc;
}

// feed gives the decoder the next packet of the stream, or its end.
static int feed(rtv_video* v) {
  int rc;
  while ((rc = p_av_read_frame(v->file, v->packet)) >= 0 && v->packet->stream_index != v->stream)
    p_av_packet_unref(v->packet);
  if (rc < 0) {
    v->drained = 1;
    return p_avcodec_send_packet(v->decoder, NULL);
  }
  rc = p_avcodec_send_packet(v->decoder, v->packet);
  p_av_packet_unref(v->packet);
  return rc == AVERROR_INVALIDDATA ? 0 : rc;  // a damaged packet is left out
}

int rtv_video_read(rtv_video* v, void* picture, rtv_video_picture* out) {
  AVFrame* f = picture;
  int rc;
  while ((rc = p_avcodec_receive_frame(v->decoder, f)) < 0) {
    if (rc == AVERROR_EOF) return RTV_VIDEO_END;
    if (rc == AVERROR_INVALIDDATA) continue;
    if (rc != AVERROR(EAGAIN)) return rc;
    if (v->drained) return RTV_VIDEO_END;
    if ((rc = feed(v)) < 0) return rc;
  }
  *out = (rtv_video_picture){.width = f->width, .height = f->height, .layout = layout(f->format, f->color_range)};
  for (int i = 0; i < 3; i++) out->plane[i] = f->data[i], out->stride[i] = f->linesize[i];
  return 0;
}

void rtv_video_close(rtv_video* v) {
  p_av_packet_free(&v->packet);
  p_avcodec_free_context(&v->decoder);
  p_avformat_close_input(&v->file);
  free(v);
}

void* rtv_picture_new(void) { return p_av_frame_alloc(); }
void rtv_picture_clear(void* picture) { p_av_frame_unref(picture); }
void rtv_picture_free(void* picture) {
  AVFrame* f = picture;
  p_av_frame_free(&f);
}
